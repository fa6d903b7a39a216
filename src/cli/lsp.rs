//! `faultbook lsp`: the language server, over standard input and output.
//!
//! One thread reads messages; everything else happens here, one message after the other, so that an answer is always about the text as
//! the client knows it. What was cancelled while it waited is not answered, and diagnostics go out when nothing else waits. What the
//! messages mean is known to `session`, how data looks in the protocol to `protocol`; what is told about rules comes
//! from [`language_server`](crate::author::language_server).

mod protocol;
mod session;

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};

use clap::Args;
use lsp_server::{ErrorCode, Message, Request, RequestId, Response};
use serde_json::Value;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use session::Session;

/// Messages in a row that cannot be understood before the client is given up: a header that was cut off garbles those that follow.
const GARBLED_LIMIT: usize = 100;

/// Help editors with rules: the language server, over standard input and output
///
/// An editor starts it. The faultbook is that of --rules; without it, the folder `rules` of each folder that the editor has open, or the
/// folder itself if a `faultbook.yaml` is in it. docs/editors.md tells how editors are set up.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit status:
  0  the editor ended it
  1  the editor went away without a word
  2  a path cannot be read")]
pub struct LspArgs {
    /// Talk over standard input and output, which it does anyway; some editors insist on it
    #[arg(long)]
    stdio: bool,
}

/// What comes from the client.
enum Incoming {
    Message(Message),
    /// A message that is none.
    Garbled(String),
}

/// Runs the command.
pub fn run(_: &LspArgs, context: &Context) -> Result<Exit, Failure> {
    let rules = absolute(context.faultbook.rules())?;
    let templates = absolute(context.faultbook.templates())?;
    let overlays = absolute(context.faultbook.overlays())?;
    let (sender, receiver) = mpsc::channel();
    // it ends with the process: nothing can wake it from reading
    std::thread::spawn(move || read_messages(&mut io::stdin().lock(), &sender));
    serve(&receiver, &mut Session::new(rules, templates, overlays))
}

fn absolute(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let whole = |path: &PathBuf| {
        let there = std::path::absolute(path).ok().filter(|path| path.exists());
        there
            .map(|path| without_dots(&path))
            .ok_or_else(|| Failure::refused(format!("cannot read `{}`", path.display()), "give a folder that exists"))
    };
    paths.iter().map(whole).collect()
}

/// The path as an editor would name it.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => _ = plain.pop(),
            part => plain.push(part),
        }
    }
    plain
}

/// Reads messages until the input ends.
fn read_messages(input: &mut dyn BufRead, sender: &Sender<Incoming>) {
    let mut garbled = 0;
    let mut input = input;
    while garbled < GARBLED_LIMIT {
        let incoming = match Message::read(&mut input) {
            Ok(Some(message)) => {
                garbled = 0;
                Incoming::Message(message)
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                garbled += 1;
                Incoming::Garbled(error.to_string())
            }
            Ok(None) | Err(_) => return,
        };
        if sender.send(incoming).is_err() {
            return;
        }
    }
}

/// Answers messages until the client says that it is enough, or goes away.
fn serve(receiver: &Receiver<Incoming>, session: &mut Session) -> Result<Exit, Failure> {
    let mut queue: VecDeque<Incoming> = VecDeque::new();
    loop {
        if queue.is_empty() {
            queue.extend(receiver.try_iter());
        }
        let Some(next) = queue.pop_front() else {
            send(session.outstanding())?;
            match receiver.recv() {
                Ok(message) => queue.push_back(message),
                Err(_) => return Ok(Exit::Negative),
            }
            continue;
        };
        queue.extend(receiver.try_iter());
        match next {
            Incoming::Garbled(reason) => send(vec![protocol::log(&format!("a message was not understood: {reason}"))])?,
            Incoming::Message(Message::Request(request)) if is_cancelled(&queue, &request.id) => {
                let code = ErrorCode::RequestCanceled as i32;
                send(vec![Response::new_err(request.id, code, "cancelled".to_owned()).into()])?;
            }
            Incoming::Message(Message::Request(request)) => answer(session, request)?,
            Incoming::Message(Message::Notification(notification)) if notification.method == "exit" => {
                return Ok(if session.is_shut_down() { Exit::Success } else { Exit::Negative });
            }
            Incoming::Message(Message::Notification(notification)) => {
                send(session.notify(&notification.method, notification.params))?;
            }
            // of what we ask of the client, nothing depends on the answer
            Incoming::Message(Message::Response(_)) => {}
        }
    }
}

fn answer(session: &mut Session, request: Request) -> Result<(), Failure> {
    let response = match session.answer(&request.method, request.params) {
        Ok(result) => Response { id: request.id, response_result: Ok(result) },
        Err((code, message)) => Response::new_err(request.id, code as i32, message),
    };
    send(vec![response.into()])
}

/// Whether the client has said behind a request that it needs no answer any more.
fn is_cancelled(queue: &VecDeque<Incoming>, id: &RequestId) -> bool {
    queue.iter().any(|later| match later {
        Incoming::Message(Message::Notification(notification)) if notification.method == "$/cancelRequest" => {
            let cancelled = notification.params.get("id").and_then(|id| match id {
                Value::String(id) => Some(RequestId::from(id.clone())),
                Value::Number(id) => id.as_i64().and_then(|id| i32::try_from(id).ok()).map(RequestId::from),
                _ => None,
            });
            cancelled.as_ref() == Some(id)
        }
        _ => false,
    })
}

fn send(messages: Vec<Message>) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    for message in messages {
        message.write(&mut output).map_err(|error| Failure::output("standard output", error))?;
    }
    Ok(())
}
