//! A mail server of the tests' own, over a real socket. It takes mails, refuses them, or falls silent when it is told to.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with mails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Take,
    /// Says that another try may do.
    PutOff,
    /// Says no for good.
    Refuse,
    /// Falls silent before it has the mail.
    SilentAtRecipient,
    /// Takes the mail, and falls silent before it says so.
    SilentAfterMail,
}

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

impl Arrived {
    /// A header in one line; none: empty.
    pub fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let field =
            head.lines().find_map(|line| line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name)));
        field.map_or(String::new(), |(_, value)| value.to_owned())
    }

    /// Everything, with quoted-printable undone below the header.
    pub fn plain(&self) -> String {
        let (head, body) = self.data.split_once("\r\n\r\n").unwrap();
        if !body.contains("quoted-printable") {
            return self.data.clone();
        }
        let joined = body.replace("=\r\n", "");
        let mut pieces = joined.split('=');
        let mut plain = pieces.next().unwrap_or_default().as_bytes().to_vec();
        for piece in pieces {
            match piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) => {
                    plain.push(byte);
                    plain.extend_from_slice(&piece.as_bytes()[2..]);
                }
                None => plain.extend_from_slice(format!("={piece}").as_bytes()),
            }
        }
        format!("{head}\r\n\r\n{}", String::from_utf8(plain).unwrap())
    }

    /// The path and query of the first link to a page.
    pub fn link(&self, page: &str) -> String {
        let plain = self.plain();
        let (_, rest) = plain.split_once(page).unwrap_or_else(|| panic!("no {page} in {plain}"));
        let query: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "?=".contains(*c)).collect();
        format!("{page}{query}")
    }
}

/// What the server knows.
struct Known {
    manner: Manner,
    arrived: Vec<Arrived>,
    recipients: usize,
}

pub struct Smtp {
    address: SocketAddr,
    known: Arc<Mutex<Known>>,
    stopped: Arc<AtomicBool>,
}

impl Smtp {
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap())
    }

    pub fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let known = Arc::new(Mutex::new(Known { manner: Manner::Take, arrived: Vec::new(), recipients: 0 }));
        let stopped = Arc::new(AtomicBool::new(false));
        let (shared, stop) = (Arc::clone(&known), Arc::clone(&stopped));
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let known = Arc::clone(&shared);
                        stream.set_nonblocking(false).unwrap();
                        // a client that goes away in the middle is no matter
                        std::thread::spawn(move || talk(stream, &known).ok());
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        Self { address, known, stopped }
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn set(&self, manner: Manner) {
        self.known.lock().unwrap().manner = manner;
    }

    /// Mails to an address, in the order in which they came.
    pub fn to(&self, recipient: &str) -> Vec<Arrived> {
        let known = self.known.lock().unwrap();
        known.arrived.iter().filter(|mail| mail.to == [recipient]).cloned().collect()
    }

    /// Waits for so many mails to an address, and gives the last.
    pub fn wait(&self, recipient: &str, count: usize) -> Arrived {
        crate::eventually(&format!("mail {count} to {recipient}"), || self.to(recipient).get(count - 1).cloned())
    }

    /// How many recipients were named, whatever became of it.
    pub fn recipients(&self) -> usize {
        self.known.lock().unwrap().recipients
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
}

/// One connection.
fn talk(stream: TcpStream, known: &Mutex<Known>) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    let mut mail = Arrived { from: String::new(), to: Vec::new(), data: String::new() };
    out.write_all(b"220 tests\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let manner = known.lock().unwrap().manner;
        let word = line.split([' ', '\r']).next().unwrap_or_default().to_ascii_uppercase();
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let reply = match word.as_str() {
            "EHLO" => "250-tests\r\n250 8BITMIME",
            "MAIL" => {
                mail = Arrived { from: address(), to: Vec::new(), data: String::new() };
                "250 ok"
            }
            "RCPT" => {
                known.lock().unwrap().recipients += 1;
                mail.to.push(address());
                match manner {
                    Manner::PutOff => "451 later",
                    Manner::Refuse => "550 never",
                    Manner::SilentAtRecipient => continue,
                    Manner::Take | Manner::SilentAfterMail => "250 ok",
                }
            }
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                loop {
                    line.clear();
                    if lines.read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                known.lock().unwrap().arrived.push(mail.clone());
                if manner == Manner::SilentAfterMail {
                    continue;
                }
                "250 taken"
            }
            "QUIT" => "221 bye",
            "RSET" | "NOOP" => "250 ok",
            _ => "502 what",
        };
        out.write_all(format!("{reply}\r\n").as_bytes())?;
    }
}
