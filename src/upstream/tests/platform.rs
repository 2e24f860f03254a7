//! A platform that does what it is told, byte for byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What the platform does once it has read a whole request.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Writes these bytes and waits for the next request.
    Write(String),
    /// Writes these bytes and closes the connection, with TLS's good-bye if there is TLS.
    Close(String),
    /// Writes these bytes and drops the connection without a good-bye.
    Drop(String),
    /// Writes these bytes and then nothing, with the connection open.
    Silence(String),
}

/// The steps of one connection. When they are used up, the connection stays open and silent.
pub(super) type Script = Vec<Step>;

/// A listening platform.
#[derive(Debug)]
pub(super) struct Platform {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<(usize, String)>>>,
    closed: mpsc::UnboundedReceiver<usize>,
}

impl Platform {
    /// Follows one script per connection, in the order in which they come. Further connections are silent.
    pub(super) async fn new(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (platform, follow) = Self::at(address);
        tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let script = scripts.get(number).cloned().unwrap_or_default();
                tokio::spawn(follow.clone().play(number, stream, script));
            }
        });
        platform
    }

    /// The platform's ears, and what plays scripts for it on streams that somebody else accepts.
    pub(super) fn at(address: SocketAddr) -> (Self, Follow) {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (tell, closed) = mpsc::unbounded_channel();
        (Self { address, requests: Arc::clone(&requests), closed }, Follow { requests, tell })
    }

    /// The requests so far, each with its connection's number.
    pub(super) fn requests(&self) -> Vec<(usize, String)> {
        self.requests.lock().unwrap().clone()
    }

    /// Over which connections requests came.
    pub(super) fn connections(&self) -> Vec<usize> {
        self.requests().into_iter().map(|(connection, _)| connection).collect()
    }

    /// Waits until the caller has closed a connection, and tells which.
    pub(super) async fn closed_by_caller(&mut self) -> usize {
        tokio::time::timeout(super::GENEROUS, self.closed.recv()).await.unwrap().unwrap()
    }
}

#[derive(Debug, Clone)]
pub(super) struct Follow {
    requests: Arc<Mutex<Vec<(usize, String)>>>,
    tell: mpsc::UnboundedSender<usize>,
}

impl Follow {
    pub(super) async fn play(
        self,
        number: usize,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        script: Script,
    ) {
        for step in script {
            let Some(request) = read_request(&mut stream).await else { break };
            self.requests.lock().unwrap().push((number, request));
            let (Step::Write(text) | Step::Close(text) | Step::Drop(text) | Step::Silence(text)) = &step;
            if stream.write_all(text.as_bytes()).await.is_err() || stream.flush().await.is_err() {
                break;
            }
            match step {
                Step::Write(_) => {}
                Step::Close(_) => return stream.shutdown().await.unwrap_or_default(),
                Step::Drop(_) => return,
                Step::Silence(_) => break,
            }
        }
        while !matches!(stream.read(&mut [0; 256]).await, Ok(0) | Err(_)) {}
        let _ = self.tell.send(number);
    }
}

/// One request: its head, and the body its `Content-Length` announces. None at the stream's end.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    let length = |head: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned));
        line.map_or(0, |length| length.parse().unwrap())
    };
    loop {
        let text = String::from_utf8(bytes.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= length(head)
        {
            return Some(text);
        }
        bytes.push(stream.read_u8().await.ok()?);
    }
}

/// An answer with these header lines and this body.
pub(super) fn answer(lines: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n{body}")
}

/// An answer whose length is announced.
pub(super) fn sized(body: &str) -> String {
    answer(&format!("Content-Length: {}\r\n", body.len()), body)
}
