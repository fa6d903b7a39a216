//! How a command ends: its exit status, and the reason when it could not do what was asked.
//!
//! The numbers are those of ripgrep and grep, so that a script can tell "nothing found" from "something went wrong".

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use crate::rule::watch::WatchError;

/// The exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: failures were found, or, for commands that judge, all is well.
    Success,
    /// 1: nothing was found, or, for commands that judge, something is not as it should be.
    Negative,
    /// 2: something could not be read, loaded, written or understood. Whatever could be done was done.
    Error,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Success => 0,
            Exit::Negative => 1,
            Exit::Error => 2,
        })
    }
}

/// Why a command could not begin or end its work. Ends with [`Exit::Error`].
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was asked for makes no sense or does not exist.
    #[error("{message}")]
    Refused {
        /// What is wrong, naming the offending text.
        message: String,
        /// What to do instead.
        help: String,
    },
    /// The result could not be written.
    #[error("cannot write to {target}: {error}")]
    Output {
        /// The file, or "standard output".
        target: String,
        /// What the operating system said.
        error: io::Error,
    },
}

impl Failure {
    /// Refuses what was asked, and says what to do instead.
    pub fn refused(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure::Refused { message: message.into(), help: help.into() }
    }

    /// Tells that `target` could not be written.
    pub fn output(target: impl Display, error: io::Error) -> Self {
        Failure::Output { target: target.to_string(), error }
    }

    /// What to do next.
    pub fn help(&self) -> &str {
        match self {
            Failure::Refused { help, .. } => help,
            Failure::Output { .. } => "check that the folder exists, may be written to and is not full",
        }
    }

    /// Whether the reader of the output has gone away, as `head` does: nobody is left to tell.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Failure::Output { error, .. } if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Self {
        let help = match error {
            WatchError::Ended => "start the command again",
            _ => "leave --watch out; on Linux `sysctl fs.inotify.max_user_watches` is how many folders can be watched",
        };
        Failure::refused(error.to_string(), help)
    }
}
