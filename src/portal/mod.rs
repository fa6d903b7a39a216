//! The portal: an HTTP service that answers pasted errors and uploaded archives, for people and for other systems.
//!
//! [`Server::bind`] opens everything that is needed, [`Server::run`] serves until it is told to stop. Inside, a request walks through
//! `server` (routes and what holds for all of them), to the file of its route, to [`engine`] (the faultbook in use); refusals are
//! [`problem`] documents. The pages are rendered from `templates/portal/`. What a diagnosis or an article is, is decided in the rooms above;
//! nothing here decides it again.

pub mod access;
mod addresses;
pub mod answers;
pub mod articles;
pub mod assets;
pub(crate) mod cases;
pub mod catalogue;
mod clients;
pub mod connections;
pub mod content;
pub mod engine;
pub mod feedback;
pub mod feeds;
mod forgery;
pub mod health;
mod history;
mod letters;
pub mod metrics;
pub mod nearest;
pub mod openapi;
pub mod options;
mod pages;
mod parameters;
mod pdf;
pub mod problem;
pub mod rate;
pub mod recipient;
mod reload;
mod room;
pub mod search;
pub mod sender;
mod server;
pub mod smtp;
pub mod statistics;
pub mod store;
pub mod subscriptions;

pub use options::{PortalError, PortalOptions};
pub use server::Server;
