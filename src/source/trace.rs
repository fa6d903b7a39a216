//! Which lines of a text without headers belong together: stack traces and what is indented.
//!
//! A [`Line`] tells what a line looks like by itself. [`Line::may_continue`] decides from it and the line before whether it can
//! continue a record at all; a walk backward ends at a line that cannot. [`Trace`] is the walk forward from there and decides: a line of a
//! trace continues only the trace it belongs to.
//!
//! Traces of Java, JavaScript, C#, Python, Go, Rust, Ruby, PHP, gdb and AddressSanitizer are known. In a source with headers they need no
//! knowledge: what has no header continues.

use memchr::{memchr, memmem};

use crate::source::record::Indentation;

/// What a line looks like by itself, its indentation aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Role {
    /// Anything else.
    #[default]
    Plain,
    /// White space only.
    Blank,
    /// Continues whatever stands before it: a frame, a cause.
    Frame,
    /// `Traceback (most recent call last):`.
    PythonHead,
    /// `Name: message` or `Name`, with which a Python trace ends.
    PythonName,
    /// `During handling of the above exception, …`.
    PythonLink,
    /// `panic: …`, `fatal error: …`.
    GoHead,
    /// `goroutine 1 [running]:`, `[signal SIGSEGV…`, `created by …`.
    GoPart,
    /// `main.main()`.
    GoCall,
    /// `thread 'main' panicked at src/main.rs:2:5:`; newer ones have the message in the next line.
    RustHead,
    /// `stack backtrace:`, `note: …`.
    RustPart,
    /// `==123==ERROR: AddressSanitizer: …`.
    SanitizerHead,
    /// `SUMMARY: AddressSanitizer`, `freed by thread T0 here:`.
    SanitizerPart,
}

/// What decides whether a line continues a record, or the next line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Line {
    /// Columns of indentation.
    columns: usize,
    role: Role,
    /// Whether it ends in a colon and so announces what follows.
    announces: bool,
}

/// Words after which no more is said, by language; each begins a line of a trace whatever stands before it.
const FRAMES: [&[u8]; 5] = [b"Caused by: ", b"Suppressed: ", b"--- End of ", b"Stack trace:", b"caused by: "];
const GO_PARTS: [&[u8]; 5] =
    [b"[signal ", b"created by ", b"exit status ", b"runtime stack:", b"...additional frames elided..."];
const RUST_PARTS: [&[u8]; 2] = [b"stack backtrace:", b"note: "];
const SANITIZER_PARTS: [&[u8]; 10] = [
    b"SUMMARY: ",
    b"READ of size ",
    b"WRITE of size ",
    b"freed by thread ",
    b"previously allocated by thread ",
    b"allocated by thread ",
    b"Shadow byte",
    b"=>0x",
    b"Direct leak of ",
    b"Indirect leak of ",
];
const PYTHON_LINKS: [&[u8]; 2] =
    [b"During handling of the above exception", b"The above exception was the direct cause"];

/// Bytes of the longest exception's name, with its modules.
const LONGEST_NAME: usize = 120;

impl Line {
    /// Looks at a line of which `head` are the first bytes, and all of it if `is_whole`.
    pub fn of(head: &[u8], is_whole: bool) -> Self {
        let found = Indentation::of(head);
        if found.blank {
            return Self { columns: 0, role: Role::Blank, announces: false };
        }
        let text = head[found.bytes..].trim_ascii_end();
        Self { columns: found.columns, role: Role::of(text), announces: is_whole && text.ends_with(b":") }
    }

    /// Says whether nothing but white space is in the line.
    pub fn is_blank(self) -> bool {
        self.role == Role::Blank
    }

    /// Says whether the line can continue a record when `previous` stands right before it.
    ///
    /// Whenever [`Trace::take`] lets a line continue, this is so.
    pub fn may_continue(self, previous: Line) -> bool {
        let follows = match self.role {
            Role::Frame | Role::PythonLink | Role::GoPart | Role::RustPart | Role::SanitizerPart => true,
            Role::Blank => previous.may_precede_blank(),
            Role::PythonName => previous.columns > self.columns,
            Role::PythonHead => previous.announces || matches!(previous.role, Role::Blank | Role::PythonLink),
            Role::GoCall => previous.columns > 0 || previous.role == Role::GoPart,
            _ => false,
        };
        follows || (self.columns > 0 && !self.is_blank()) || previous.role == Role::RustHead
    }

    fn may_precede_blank(self) -> bool {
        use Role::*;
        self.columns > 0
            || matches!(self.role, PythonName | PythonLink | GoHead | GoPart | GoCall | SanitizerHead | SanitizerPart)
    }
}

impl Role {
    /// Finds the role of a line without its indentation.
    fn of(text: &[u8]) -> Self {
        let begins = |words: &[&[u8]]| words.iter().any(|word| text.starts_with(word));
        match text.first() {
            Some(b'a') if is_java_frame(text) => Role::Frame,
            Some(b'C' | b'c' | b'S' | b'-') if begins(&FRAMES) => Role::Frame,
            Some(b'.') if is_more(text) => Role::Frame,
            Some(b'#') if is_numbered_frame(text) => Role::Frame,
            Some(b'T') if text.starts_with(b"Traceback (most recent call last):") => Role::PythonHead,
            Some(b'D' | b'T') if begins(&PYTHON_LINKS) => Role::PythonLink,
            Some(b'p') if text.starts_with(b"panic: ") => Role::GoHead,
            Some(b'f') if text.starts_with(b"fatal error: ") => Role::GoHead,
            Some(b'g') if is_goroutine(text) => Role::GoPart,
            Some(b'[' | b'c' | b'e' | b'r' | b'.') if begins(&GO_PARTS) => Role::GoPart,
            Some(b't') if text.starts_with(b"thread '") && memmem::find(text, b" panicked at ").is_some() => {
                Role::RustHead
            }
            Some(b's' | b'n') if begins(&RUST_PARTS) => Role::RustPart,
            Some(b'=') if is_sanitizer(text) => match memmem::find(text, b"Sanitizer: ") {
                Some(_) => Role::SanitizerHead,
                None => Role::SanitizerPart,
            },
            Some(b'0') if text.starts_with(b"0x") && memmem::find(text, b" is located ").is_some() => {
                Role::SanitizerPart
            }
            _ if begins(&SANITIZER_PARTS) => Role::SanitizerPart,
            _ if is_ruby_frame(text) => Role::Frame,
            _ if is_call(text) => Role::GoCall,
            _ if is_exception(text) => Role::PythonName,
            _ => Role::Plain,
        }
    }
}

/// Says whether a line belongs to a stack trace and tells only where: a frame, a heading, a link; not an exception or a message.
pub(crate) fn is_frame(line: &[u8]) -> bool {
    let text = line.get(Indentation::of(line).bytes..).unwrap_or_default().trim_ascii_end();
    !matches!(
        Role::of(text),
        Role::Plain | Role::Blank | Role::PythonName | Role::GoHead | Role::RustHead | Role::SanitizerHead
    )
}

/// `at com.example.Main.main(Main.java:12)`, `at Object.<anonymous> (/srv/x.js:3:9)`, `at System.Foo() in x.cs:line 7`; not `at 10:30 …`.
fn is_java_frame(text: &[u8]) -> bool {
    let Some(place) = text.strip_prefix(b"at ") else { return false };
    place.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'<' | b'/' | b'_' | b'$'))
        && memchr(b'(', place).is_some()
}

/// `... 12 more`, `... 3 common frames omitted`.
fn is_more(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"... ") else { return false };
    let rest = after_digits(rest);
    rest.is_some_and(|rest| rest.starts_with(b" more") || rest.starts_with(b" common frames"))
}

/// `#0  0x00007f in raise ()`, `#1 /srv/x.php(7): foo()`.
fn is_numbered_frame(text: &[u8]) -> bool {
    text.strip_prefix(b"#").and_then(after_digits).is_some_and(|rest| rest.starts_with(b" "))
}

/// `goroutine 1 [running]:`.
fn is_goroutine(text: &[u8]) -> bool {
    text.strip_prefix(b"goroutine ").and_then(after_digits).is_some_and(|rest| rest.starts_with(b" ["))
}

/// `==123==ERROR: AddressSanitizer`, `==123==ABORTING`, a rule of equal signs.
fn is_sanitizer(text: &[u8]) -> bool {
    text.strip_prefix(b"==").and_then(after_digits).is_some_and(|rest| rest.starts_with(b"=="))
}

/// `/srv/x.rb:7:in 'foo'`, with nothing behind it: the first line of a trace has its message there.
fn is_ruby_frame(text: &[u8]) -> bool {
    let Some(at) = memmem::find(text, b":in ") else { return false };
    let digits = text[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let quoted = text.get(at + b":in ".len()).is_some_and(|quote| matches!(quote, b'`' | b'\''));
    digits > 0 && quoted && text[..at - digits].ends_with(b":") && text.ends_with(b"'")
}

/// `main.(*T).Run(0xc000010000, {0x1, 0x2})`: a path with a dot, then brackets to the end.
fn is_call(text: &[u8]) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_./*()-[]{}%~,\xC2\xB7".contains(&byte);
    let name = text.iter().take_while(|byte| is_name(**byte)).count();
    let called = &text[..name];
    memchr(b'(', called).is_some_and(|bracket| bracket > 0) && memchr(b'.', called).is_some() && text.ends_with(b")")
        || (text.starts_with(b"panic(") && text.ends_with(b")"))
}

/// `KeyError: 'x'`, `requests.exceptions.ConnectionError: …`, `KeyboardInterrupt`: a dotted name alone or before a colon.
fn is_exception(text: &[u8]) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | 0x80..);
    let name = text.iter().take(LONGEST_NAME).take_while(|byte| is_name(**byte)).count();
    name > 0 && !text[0].is_ascii_digit() && matches!(&text[name..], [] | [b':'] | [b':', b' ', ..])
}

/// Gives what follows one digit or more.
fn after_digits(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| &text[digits..])
}

/// The language of the trace that a record is, and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Language {
    #[default]
    Unknown,
    /// Frames, until the name of the exception.
    PythonFrames,
    /// The name was there.
    PythonNamed,
    /// The trace that explains another follows.
    PythonLinked,
    Go,
    Rust,
    Sanitizer,
}

/// A record on the way: what decides whether the next line continues it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Trace {
    /// Columns of indentation of the line that began the record.
    columns: usize,
    language: Language,
    last: Line,
}

impl Trace {
    /// Begins a record with its first line.
    pub fn begin(line: Line) -> Self {
        let mut trace = Self { columns: line.columns, language: Language::Unknown, last: line };
        trace.enter(line);
        trace
    }

    /// Gives the line that was taken last.
    pub fn last(&self) -> Line {
        self.last
    }

    /// Takes the next line, if it continues the record.
    pub fn take(&mut self, line: Line) -> bool {
        let continues = line.may_continue(self.last) && self.is_continued_by(line);
        if continues {
            self.enter(line);
            self.last = line;
        }
        continues
    }

    fn is_continued_by(&self, line: Line) -> bool {
        use Language::*;
        let deeper = line.columns > self.columns;
        match (line.role, self.language) {
            // nothing that is blank from the start is a trace
            _ if self.last.is_blank() && self.language == Unknown => false,
            (Role::Blank, PythonNamed | PythonLinked | Go | Sanitizer) => true,
            (Role::Blank, _) => false,
            (Role::PythonHead, PythonLinked) | (Role::PythonLink, PythonNamed) => true,
            (Role::GoPart, Go) | (Role::SanitizerPart, Sanitizer) => true,
            _ if self.last.is_blank() => deeper && self.language == Sanitizer,
            _ if deeper => true,
            (Role::Frame, _) | (Role::GoCall, Go) | (Role::RustPart, Rust) => true,
            (Role::PythonName, PythonFrames) => true,
            (Role::PythonHead, _) => self.last.announces,
            _ => self.last.role == Role::RustHead && self.last.announces,
        }
    }

    /// Follows the trace.
    fn enter(&mut self, line: Line) {
        self.language = match (line.role, self.language) {
            (Role::PythonHead, _) => Language::PythonFrames,
            (Role::PythonName, Language::PythonFrames) if self.last.columns > line.columns => Language::PythonNamed,
            (Role::PythonLink, Language::PythonNamed) => Language::PythonLinked,
            (Role::GoHead, _) => Language::Go,
            (Role::GoPart, Language::Unknown) => Language::Go,
            (Role::RustHead, _) => Language::Rust,
            (Role::SanitizerHead, _) => Language::Sanitizer,
            (_, language) => language,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of a text, each as the numbers of its lines from 0; checks that both directions agree.
    fn records(text: &str) -> Vec<Vec<usize>> {
        let mut records: Vec<Vec<usize>> = Vec::new();
        let mut trace: Option<Trace> = None;
        for (number, line) in text.split('\n').map(|line| Line::of(line.as_bytes(), true)).enumerate() {
            if trace.as_mut().is_some_and(|trace| trace.take(line)) {
                records.last_mut().unwrap().push(number);
            } else {
                trace = Some(Trace::begin(line));
                records.push(vec![number]);
            }
        }
        records
    }

    /// A trace between two other lines is one record, perhaps with the blank line behind it.
    #[track_caller]
    fn assert_one_record(trace: &str) {
        let text = format!("up\n{trace}\ndone and over");
        let lines = trace.split('\n').count();
        assert_eq!(records(&text), [vec![0], (1..=lines).collect(), vec![lines + 1]], "{text}");
    }

    #[test]
    fn traces_of_java_and_its_relatives() {
        assert_one_record(concat!(
            "java.lang.IllegalStateException: could not start\n",
            "\tat com.example.App.main(App.java:12)\n",
            "\tSuppressed: java.io.IOException: close\n",
            "\t\tat com.example.Res.close(Res.java:3)\n",
            "Caused by: java.net.BindException: Address already in use\n",
            "\tat sun.nio.ch.Net.bind0(Native Method)\n",
            "\t... 12 more",
        ));
        assert_one_record(concat!(
            "java.lang.IllegalStateException: could not start\n",
            "at com.example.App.main(App.java:12)\n",
            "Caused by: java.net.BindException: x\n",
            "... 12 more",
        ));
        assert_one_record(concat!(
            "TypeError: Cannot read properties of undefined (reading 'x')\n",
            "    at Object.<anonymous> (/srv/app/index.js:3:9)\n",
            "    at async Promise.all (index 0) {\n",
            "  code: 'EX'",
        ));
        assert_one_record(concat!(
            "Unhandled exception. System.InvalidOperationException: x\n",
            " ---> System.IO.FileNotFoundException: y\n",
            "   at App.Read(String p) in /src/App.cs:line 7\n",
            "   --- End of inner exception stack trace ---\n",
            "   at App.Main()\n",
            "--- End of stack trace from previous location ---\n",
            "   at App.Run()",
        ));
    }

    #[test]
    fn traces_of_python() {
        let trace = "Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\n    f()\nKeyError: 'x'";
        assert_one_record(trace);
        assert_one_record(&format!("Exception in thread Thread-1 (run):\n{trace}"));
        let linked = trace.replace("KeyError: 'x'", "requests.exceptions.ConnectionError: y");
        for link in [
            "During handling of the above exception, another exception occurred:",
            "The above exception was the direct cause of the following exception:",
        ] {
            assert_one_record(&format!("{trace}\n\n{link}\n\n{linked}"));
        }
        // only one name ends it, and only a trace has one
        assert_eq!(records(&format!("{trace}\nINFO: x")).len(), 2);
        assert_eq!(records("a\n  b\nKeyError: x"), [vec![0, 1], vec![2]]);
        let indented = "  Traceback (most recent call last):\n    File \"x.py\"\n      f()\n  KeyboardInterrupt\n  up";
        assert_eq!(records(indented), [vec![0, 1, 2, 3], vec![4]]);
    }

    #[test]
    fn traces_of_go() {
        assert_one_record(concat!(
            "panic: runtime error: invalid memory address or nil pointer dereference\n",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45c3f5]\n\n",
            "goroutine 1 [running]:\n",
            "main.(*Server).Run(0xc000010000, {0x1, 0x2})\n",
            "\t/src/main.go:8 +0x1d\n",
            "main.main()\n",
            "\t/src/main.go:3 +0x1d\n\n",
            "goroutine 7 [chan receive]:\n",
            "github.com/x/y.(*Pool).loop(...)\n",
            "\t/src/pool.go:8 +0x1d\n",
            "created by github.com/x/y.New in goroutine 1\n",
            "\t/src/pool.go:1 +0x1d\n",
            "exit status 2",
        ));
        assert_one_record(
            "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select]:\nmain.main()\n\t/x.go:1 +0x1",
        );
        assert_eq!(records("main.main() done\nx.y()\nz.a(7)").len(), 3);
    }

    #[test]
    fn traces_of_rust_ruby_and_php() {
        assert_one_record(concat!(
            "thread 'main' panicked at src/main.rs:2:5:\n",
            "index out of bounds: the len is 3 but the index is 99\n",
            "stack backtrace:\n",
            "   0: rust_begin_unwind\n",
            "             at /rustc/x/library/std/src/panicking.rs:578:5\n",
            "   1: core::panicking::panic_fmt\n",
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        ));
        assert_one_record("thread 'main' panicked at 'x', src/main.rs:2:5\nnote: run with `RUST_BACKTRACE=1`");
        assert_one_record(
            "/srv/x.rb:3:in `bar': message (RuntimeError)\n\tfrom /srv/x.rb:7:in `foo'\n\tfrom /srv/x.rb:9:in `<main>'",
        );
        assert_one_record("ActionView::Template::Error (x):\napp/views/a.rb:3:in `b'\n/gems/c.rb:7:in 'C#d'");
        assert_one_record(concat!(
            "PHP Fatal error:  Uncaught Exception: x in /srv/x.php:3\n",
            "Stack trace:\n#0 /srv/x.php(7): foo()\n#1 {main}\n  thrown in /srv/x.php on line 3",
        ));
    }

    #[test]
    fn traces_of_native_code() {
        assert_one_record(
            "Thread 1 (LWP 7):\n#0  0x00007f in raise () from /lib/libc.so.6\n#1  0x00007e in abort ()\n#10 main ()",
        );
        assert_one_record(concat!(
            "==123==ERROR: AddressSanitizer: heap-use-after-free on address 0x6020 at pc 0x4f\n",
            "READ of size 4 at 0x6020 thread T0\n",
            "    #0 0x4f in main /src/x.c:5\n\n",
            "0x6020 is located 0 bytes inside of 4-byte region\n",
            "freed by thread T0 here:\n",
            "    #0 0x4e in free\n\n",
            "previously allocated by thread T0 here:\n",
            "    #0 0x4d in malloc\n\n",
            "SUMMARY: AddressSanitizer: heap-use-after-free /src/x.c:5 in main\n",
            "Shadow bytes around the buggy address:\n",
            "  0x0c04: fa fa\n",
            "=>0x0c05: fa [fd]\n",
            "==123==ABORTING",
        ));
    }

    #[test]
    fn other_lines_are_records_of_their_own() {
        let text = "at 10:30 the job began\n#1 priority\nName: x\n\nTraceback\nthread 'x' is up\nnote the time\n\n\ngoroutines: 7\nat last";
        // `#1 ` could be a frame
        assert_eq!(records(text).len(), text.split('\n').count() - 1);
    }

    #[test]
    fn a_line_that_announces_takes_what_is_indented() {
        assert_eq!(
            records("config = {\n  a: 1\n}\nlist:\n  - x\n    y\nz\\\n w"),
            [vec![0, 1], vec![2], vec![3, 4, 5], vec![6, 7]]
        );
    }
}
