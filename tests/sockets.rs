//! The exchange socket, tried with real clients on real sockets: who gets in, who does not, and what a stranger can hold open.
#![cfg(test)]

#[path = "sockets/connections.rs"]
mod connections;
#[path = "sockets/handshakes.rs"]
mod handshakes;
#[path = "sockets/stage.rs"]
mod stage;
