//! The keys of `faultbook.yaml`. See [`keys`](crate::rule::keys) for what is made of them; those of `limits` come from
//! [`LimitSettings`].

use crate::rule::keys::Absent::{Nothing, Required, Value, Words};
use crate::rule::keys::Shape::{Boolean, Choice, Count, List, Named, OneOrMore, Text};
use crate::rule::keys::{Mapping, Needs, Shape, key};
use crate::rule::limit_settings::LimitSettings;
use crate::rule::settings::{Defaults, THREADS_MOST};
use crate::rule::vocabulary::{Audience, MaskedKind, Severity};

const REGEX: Shape = Text("regex");
const WARNING: Shape = Text("name of a warning");
const GLOB: Shape = Text("glob");
const FORMAT: Shape = Text("format of strptime");
const ZONE: Shape = Text("time zone, such as `Europe/Berlin` or `+02:00`");
const ADDRESS: Shape = Text("address, such as `https://help.example.com`");
const SERVER: Shape = Text("address, such as `smtps://user:password@mail.example.com`");
const HASH: Shape = Shape::Matching("64 hexadecimal digits", "^[0-9a-fA-F]{64}$");
const MASKED_KIND: Shape = Choice(MaskedKind::NAMES);
const A_SOURCE: Shape = Shape::Mapping(&SOURCE);

/// A settings file.
pub(crate) static SETTINGS: Mapping = Mapping {
    name: "settings",
    what: "a settings file",
    about: "What a faultbook says besides its rules. Everything can be left out.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("patterns", Named("name", &REGEX), Nothing, "patterns that regexes may name as `%{NAME}`"),
        key(
            "sources",
            List(&A_SOURCE),
            Nothing,
            "how logs are read where they are different; for each key the first entry that fits wins",
        ),
        key("limits", Shape::Mapping(&LIMITS), Nothing, "how much of an input is read"),
        key("defaults", Shape::Mapping(&DEFAULTS), Nothing, "defaults of the command line"),
        key("allow", List(&WARNING), Nothing, "warnings of `check` that are not shown"),
        key("deny", List(&WARNING), Nothing, "warnings of `check` that count like errors"),
        key("redact", Shape::Mapping(&REDACT), Nothing, "what is masked in output that is redacted"),
        key("portal", Shape::Mapping(&PORTAL), Nothing, "what `faultbook serve` is run with"),
    ],
};

/// An entry of `sources`.
pub(crate) static SOURCE: Mapping = Mapping {
    name: "source",
    what: "an entry of `sources`",
    about: "How the files that fit `path` are read. What is left out is found out from the file.",
    needs: Needs::Keys(2),
    later: &[],
    keys: &[
        key("path", OneOrMore(&GLOB), Required, "which files; without `/` for the file's name in whatever folder"),
        key("start", REGEX, Nothing, "a line that matches begins a record, every other line continues it"),
        key("continue", REGEX, Nothing, "a line that matches continues the record before it"),
        key(
            "header",
            REGEX,
            Nothing,
            "a line that matches begins a record; its groups `time` and `level` are those of the record",
        ),
        key("timestamp", OneOrMore(&FORMAT), Nothing, "how times are written, tried in order"),
        key("zone", ZONE, Nothing, "the zone of times that name none"),
        key("encoding", Text("label of the WHATWG standard, such as `windows-1252`"), Nothing, "how bytes are letters"),
        key("xml", Text("name of an element"), Nothing, "each such element is a record"),
        key("json", Shape::Mapping(&JSON), Nothing, "the lines are JSON objects with these keys"),
        key("noise", OneOrMore(&REGEX), Nothing, "records in which one of them matches are ignored"),
    ],
};

/// `json` of a source.
pub(crate) static JSON: Mapping = Mapping {
    name: "json",
    what: "`json`",
    about: "The keys of JSON lines; those left out have their usual names.",
    needs: Needs::Keys(1),
    later: &[],
    keys: &[
        key("message", Text("key"), Words("usual names"), "what is said"),
        key("time", Text("key"), Words("usual names"), "when"),
        key("level", Text("key"), Words("usual names"), "how severe"),
    ],
};

/// The limits.
pub(crate) static LIMITS: Mapping = Mapping {
    name: "limits",
    what: "`limits`",
    about: "How much of an input is read. A size is a number of bytes, or a number with `B`, `KiB`, `MiB`, `GiB` or `TiB`.",
    needs: Needs::Nothing,
    later: &[],
    keys: LimitSettings::KEYS,
};

/// The defaults of the command line.
pub(crate) static DEFAULTS: Mapping = Mapping {
    name: "defaults",
    what: "`defaults`",
    about: "Defaults of the command line; what is given there goes before.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("audience", Choice(Audience::NAMES), Nothing, "`--audience`"),
        key("exclude", OneOrMore(&GLOB), Nothing, "`--exclude`"),
        key("fail_on", Choice(Severity::NAMES), Nothing, "`--fail-on`"),
        key("format", Choice(Defaults::FORMATS), Nothing, "`--format`"),
        key("include", OneOrMore(&GLOB), Nothing, "`--include`"),
        key("min_severity", Choice(Severity::NAMES), Nothing, "`--min-severity`"),
        key("threads", Count(THREADS_MOST as u64), Nothing, "`--threads`; 0 is one for each processor"),
        key("timezone", ZONE, Nothing, "`--timezone`"),
    ],
};

/// What is masked.
pub(crate) static REDACT: Mapping = Mapping {
    name: "redact",
    what: "`redact`",
    about: "What `--redact` and the portal mask besides secrets and personal data of the usual forms, and what of those they do not.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key(
            "patterns",
            Named("name", &REGEX),
            Nothing,
            "further values to mask; of a regex with named groups only what these capture",
        ),
        key("keep", OneOrMore(&MASKED_KIND), Nothing, "kinds that are not masked"),
    ],
};

/// The portal.
pub(crate) static PORTAL: Mapping = Mapping {
    name: "portal",
    what: "`portal`",
    about: "What `faultbook serve` is run with; arguments go before.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("address", ADDRESS, Nothing, "where readers reach the portal; for links in mails and feeds"),
        key(
            "mail",
            Shape::Mapping(&MAIL),
            Nothing,
            "how mails to subscribers are sent; without it nobody can subscribe",
        ),
        key("tokens", List(&Shape::Mapping(&TOKEN)), Nothing, "who may do more than the public"),
    ],
};

/// `mail` of the portal.
pub(crate) static MAIL: Mapping = Mapping {
    name: "mail",
    what: "`mail`",
    about: "How mails are sent.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key(
            "server",
            SERVER,
            Required,
            "the server; better from the variable FAULTBOOK_MAIL_SERVER if it has a password",
        ),
        key("from", Text("mail address, with or without a name"), Required, "the sender"),
    ],
};

/// An entry of `tokens`.
pub(crate) static TOKEN: Mapping = Mapping {
    name: "token",
    what: "an entry of `tokens`",
    about: "A token that somebody sends as `Authorization: Bearer …`. The token itself is not written down, only its hash.",
    needs: Needs::Nothing,
    later: &[],
    keys: &[
        key("name", Text("name"), Required, "whose it is, for the log"),
        key("sha256", HASH, Required, "the SHA-256 of the token: `printf %s TOKEN | sha256sum`"),
        key("audience", Choice(Audience::NAMES), Value("public"), "the widest audience that it may ask for"),
        key("cases", Boolean, Value("false"), "whether it may upload cases; if no token may, everybody may"),
        key("statistics", Boolean, Value("false"), "whether it may see statistics and the page for authors"),
    ],
};
