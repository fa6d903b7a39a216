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
    content TEXT NOT NULL,    -- a hash of what readers see
    changed BIGINT NOT NULL
);

CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    rule TEXT NOT NULL,
    state TEXT NOT NULL,      -- pending, confirmed
    token TEXT NOT NULL,      -- SHA-256 of what the links in mails carry
    created BIGINT NOT NULL,
    UNIQUE (email, rule)
);
CREATE INDEX subscriptions_of_rule ON subscriptions (rule, state);

CREATE TABLE mails (
    id TEXT PRIMARY KEY,
    about TEXT NOT NULL UNIQUE, -- what it is for; nothing is mailed twice
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    unsubscribe TEXT NOT NULL,  -- an address, or empty
    state TEXT NOT NULL,        -- waiting, sending, sent, failed
    tries BIGINT NOT NULL,
    due BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (state, due);
