-- Times are milliseconds since 1970 UTC, ids are 128 random bits in hexadecimal, JSON is text: both databases have these types.

CREATE TABLE cases (
    key TEXT PRIMARY KEY,     -- SHA-256 of the id, which only the reader's link has
    folder TEXT NOT NULL,     -- the id of the spool folder that the upload is in
    state TEXT NOT NULL,      -- waiting, done, failed
    reason TEXT NOT NULL,     -- why it failed
    bytes BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    asked TEXT NOT NULL,      -- name, audience, facts and products; sealed with a key made of the id
    result TEXT NOT NULL      -- what was found; sealed likewise; empty until then
);
CREATE INDEX cases_expire ON cases (expires);

CREATE TABLE feedback (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    about TEXT NOT NULL,      -- answer, article
    helped BIGINT NOT NULL,   -- 1 or 0
    comment TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX feedback_of_rule ON feedback (rule, created);

CREATE TABLE answered (
    rule TEXT NOT NULL,
    day BIGINT NOT NULL,      -- days since 1970 UTC
    answered BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (rule, day)
);

CREATE TABLE unmatched (
    fingerprint TEXT PRIMARY KEY, -- SHA-256 of the regex
    outline TEXT NOT NULL,    -- without values, masked
    regex TEXT NOT NULL,
    count BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL
);
CREATE INDEX unmatched_by_count ON unmatched (count);

CREATE TABLE articles (
    rule TEXT PRIMARY KEY,
    content TEXT NOT NULL,    -- SHA-256 of what readers see; empty while there is no such article
    text TEXT NOT NULL,       -- what readers see, or saw last
    created BIGINT NOT NULL,  -- when it was there first
    changed BIGINT NOT NULL
);

CREATE TABLE contents (       -- every content that an article ever had: none is news twice
    rule TEXT NOT NULL,
    content TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (rule, content)
);

CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,      -- in lower case
    rule TEXT NOT NULL,
    state TEXT NOT NULL,      -- pending, confirmed
    client TEXT NOT NULL,     -- the network that it was asked from, as long as it is pending; else empty
    created BIGINT NOT NULL,
    UNIQUE (email, rule)
);
CREATE INDEX subscriptions_of_rule ON subscriptions (rule, state);
CREATE INDEX subscriptions_pending ON subscriptions (state, client, created);

CREATE TABLE tokens (         -- what the links in mails carry
    hash TEXT PRIMARY KEY,    -- SHA-256 of a token
    subscription TEXT NOT NULL,
    purpose TEXT NOT NULL     -- confirm, end
);
CREATE INDEX tokens_of_subscription ON tokens (subscription);

CREATE TABLE mails (
    id TEXT PRIMARY KEY,
    about TEXT NOT NULL UNIQUE, -- what it is for; nothing is mailed twice
    subscription TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,         -- both forms of it; empty when they are not needed any more, as links in them are secret
    html TEXT NOT NULL,
    unsubscribe TEXT NOT NULL,  -- an address, or empty
    state TEXT NOT NULL,        -- waiting, sending, delivering, sent, failed, unsure
    tries BIGINT NOT NULL,
    created BIGINT NOT NULL,
    due BIGINT NOT NULL         -- of one that is being sent: when nobody is sending it any more
);
CREATE INDEX mails_due ON mails (state, due);
CREATE INDEX mails_of_subscription ON mails (subscription);
