//! A world with operations that stream, a platform that says what it is told when it is told, and callers that read piece by piece.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::Request;
use http::Response;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::CENTRE;
use super::PATIENCE;
use super::World;
use super::client;
use super::client::Answered;
use super::receipts::Asked;

/// How long a platform must be unable to write before it says that nobody reads. Too short could only make a test weaker, never fail it.
const STUCK: Duration = Duration::from_secs(1);

/// The list that streams.
pub const LIST: &str = "/luong/danh-sach";
/// The same, but the people in it are counted: two a day.
pub const COUNTED: &str = "/luong/theo-nguoi";

/// What is stated for both, and that trailers are taken.
pub const STATED: [(&str, &str); 2] = [("exchange-purpose", "danh-sach"), ("te", "trailers")];

/// A world whose gateway is not started yet, and the platform behind its operations that stream.
pub async fn world(limits: &str) -> (World, Speaker) {
    let (world, speaker) = (World::build("").await, Speaker::start().await);
    let policies = world.folder().join("policies");
    super::write(&policies.join("services/luong.toml"), &service(speaker.address));
    let counted = agreement("TT-51", "GET /theo-nguoi", "subjects_per_day = 2");
    super::write(&policies.join("agreements/TT-50.toml"), &agreement("TT-50", "GET /danh-sach", limits));
    super::write(&policies.join("agreements/TT-51.toml"), &counted);
    let purposes = policies.join("purposes.toml");
    let mut text = std::fs::read_to_string(&purposes).unwrap();
    text.push_str(
        "[[purpose]]\ncode = \"danh-sach\"\nname = { vi = \"Lập danh sách\", en = \"Making lists\" }\n",
    );
    super::write(&purposes, &text);
    (world, speaker)
}

/// The same with its gateway running in this process.
pub async fn open(limits: &str) -> (World, Speaker) {
    let (mut world, speaker) = world(limits).await;
    world.open().await;
    (world, speaker)
}

fn service(platform: SocketAddr) -> String {
    format!(
        r#"id = "luong"
name = {{ vi = "Nền tảng danh sách", en = "Platform of lists" }}
version = 1
provider = "G01.HYN"
classification = {{ sharing = "dung_rieng", weight = "khac" }}
endpoints = [{{ url = "http://{platform}" }}]
result_code = "/TrangThai"
timeouts = {{ connect = "5 s", answer = "10 s", body = "60 s" }}
fields = [
    {{ pointer = "/TrangThai", class = "none", name = {{ vi = "Trạng thái", en = "status" }} }},
    {{ pointer = "/CongDan/SoDinhDanh", class = "basic", name = {{ vi = "Số định danh", en = "number" }} }},
    {{ pointer = "/CongDan/HoVaTen", class = "basic", name = {{ vi = "Họ và tên", en = "name" }} }},
    {{ pointer = "/CongDan/TonGiao", class = "sensitive", name = {{ vi = "Tôn giáo", en = "religion" }} }},
]

[[operations]]
name = "GET /danh-sach"
stream = true

[[operations]]
name = "GET /theo-nguoi"
stream = true
subject = {{ answer = "/CongDan/SoDinhDanh" }}
"#
    )
}

fn agreement(id: &str, operation: &str, limits: &str) -> String {
    format!(
        r#"id = "{id}"
version = 1
provider = "G01.HYN"
consumers = ["{CENTRE}"]
service = "luong"
kind = "on_request"
purposes = ["danh-sach"]
legal_basis = ["Nghị định 278/2025/NĐ-CP"]
zone = "Asia/Ho_Chi_Minh"
status = "active"
valid = {{ from = 2020-01-01, until = 2099-12-31 }}

[[permit]]
operations = ["{operation}"]
fields = ["/TrangThai", "/CongDan/SoDinhDanh", "/CongDan/HoVaTen"]

[limits]
{limits}

[contacts]
business = "Nghiệp vụ"
technical = "Kỹ thuật"
security = "An ninh"
"#
    )
}

/// A platform that says what it is told.
#[derive(Debug)]
pub struct Speaker {
    pub address: SocketAddr,
    asked: mpsc::UnboundedReceiver<Speech>,
    head: Arc<Mutex<String>>,
}

/// One answer that it is giving.
#[derive(Debug)]
pub struct Speech {
    /// The request's head.
    pub request: String,
    /// Bytes of the body that were written so far.
    pub written: Arc<AtomicU64>,
    tell: mpsc::Sender<Say>,
    stuck: mpsc::UnboundedReceiver<()>,
}

enum Say {
    Bytes(Vec<u8>),
    /// The same bytes so many times.
    Again(Vec<u8>, u64),
    End,
    Cut,
}

impl Speaker {
    async fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (tell, asked) = mpsc::unbounded_channel();
        let head = Arc::new(Mutex::new("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n".to_owned()));
        let heads = Arc::clone(&head);
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                tokio::spawn(speak(stream, tell.clone(), Arc::clone(&heads)));
            }
        });
        Self { address, asked, head }
    }

    /// From now on its answers begin so.
    pub fn begin_with(&self, head: &str) {
        *self.head.lock().unwrap() = head.to_owned();
    }

    /// Waits until it is asked.
    pub async fn asked(&mut self) -> Speech {
        tokio::time::timeout(PATIENCE, self.asked.recv()).await.expect("the platform is asked").unwrap()
    }

    /// Whether it was asked meanwhile.
    pub fn was_asked(&mut self) -> bool {
        self.asked.try_recv().is_ok()
    }
}

impl Speech {
    pub async fn say(&self, bytes: impl Into<Vec<u8>>) {
        let _ = self.tell.send(Say::Bytes(bytes.into())).await;
    }

    pub async fn say_again(&self, bytes: impl Into<Vec<u8>>, times: u64) {
        let _ = self.tell.send(Say::Again(bytes.into(), times)).await;
    }

    pub async fn end(&self) {
        let _ = self.tell.send(Say::End).await;
    }

    /// Cuts the connection.
    pub async fn cut(&self) {
        let _ = self.tell.send(Say::Cut).await;
    }

    /// Waits until nobody takes what it says.
    pub async fn stuck(&mut self) {
        tokio::time::timeout(PATIENCE, self.stuck.recv())
            .await
            .expect("it is stopped")
            .expect("it is stopped");
    }

    pub fn written(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }
}

async fn speak(mut stream: TcpStream, tell: mpsc::UnboundedSender<Speech>, head: Arc<Mutex<String>>) {
    while let Some(request) = request_head(&mut stream).await {
        let (say, mut said) = mpsc::channel(1);
        let (tell_stuck, stuck) = mpsc::unbounded_channel();
        let written = Arc::new(AtomicU64::new(0));
        let speech = Speech { request, written: Arc::clone(&written), tell: say, stuck };
        if tell.send(speech).is_err() {
            return;
        }
        let begin = format!("{}Transfer-Encoding: chunked\r\n\r\n", head.lock().unwrap().clone());
        if stream.write_all(begin.as_bytes()).await.is_err() {
            return;
        }
        loop {
            let (bytes, times) = match said.recv().await {
                Some(Say::Bytes(bytes)) => (bytes, 1),
                Some(Say::Again(bytes, times)) => (bytes, times),
                Some(Say::End) => break,
                Some(Say::Cut) | None => return,
            };
            let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n"].concat();
            for _ in 0..times {
                if write(&mut stream, &chunk, &tell_stuck).await.is_err() {
                    return;
                }
                written.fetch_add(bytes.len() as u64, Ordering::SeqCst);
            }
        }
        if stream.write_all(b"0\r\n\r\n").await.is_err() {
            return;
        }
    }
}

async fn write(
    stream: &mut TcpStream,
    mut rest: &[u8],
    stuck: &mpsc::UnboundedSender<()>,
) -> std::io::Result<()> {
    while !rest.is_empty() {
        match tokio::time::timeout(STUCK, stream.write(rest)).await {
            Ok(count) => rest = &rest[count?..],
            Err(_) => drop(stuck.send(())),
        }
    }
    Ok(())
}

async fn request_head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// An answer that is read piece by piece.
pub struct Reading {
    asked: Asked,
    response: Response<Incoming>,
    /// What was read so far.
    pub read: Vec<u8>,
    trailers: HeaderMap,
    // While it lives, so does the connection.
    _sender: Sender,
}

enum Sender {
    H1(#[expect(dead_code, reason = "it keeps the connection")] http1::SendRequest<Full<Bytes>>),
    H2(#[expect(dead_code, reason = "it keeps the connection")] http2::SendRequest<Full<Bytes>>),
}

impl Reading {
    /// Asks the centre's way, over what ALPN agrees on, and waits for the answer's head.
    pub async fn of(world: &World, alpn: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        let begun = Self::begin(world, alpn, client::get(path, headers));
        tokio::time::timeout(PATIENCE, begun).await.expect("the answer begins")
    }

    async fn begin(world: &World, alpn: &str, request: Request<Full<Bytes>>) -> Self {
        let asked = Asked::of(&request);
        let stream = TokioIo::new(world.client_over(CENTRE, &[alpn]).connect().await.unwrap());
        let (response, sender) = if alpn == "h2" {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.initial_stream_window_size(1 << 16).initial_connection_window_size(1 << 16);
            let (mut sender, driver) = builder.handshake(stream).await.unwrap();
            tokio::spawn(driver);
            (sender.send_request(request).await.unwrap(), Sender::H2(sender))
        } else {
            let (mut parts, body) = request.into_parts();
            parts.headers.insert("host", "localhost".parse().unwrap());
            parts.headers.insert("connection", "te".parse().unwrap());
            parts.uri = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
            let (mut sender, driver) =
                http1::Builder::new().max_buf_size(1 << 16).handshake(stream).await.unwrap();
            tokio::spawn(driver);
            let response = sender.send_request(Request::from_parts(parts, body)).await.unwrap();
            (response, Sender::H1(sender))
        };
        Self { asked, response, read: Vec::new(), trailers: HeaderMap::new(), _sender: sender }
    }

    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    pub fn id(&self) -> String {
        self.header("exchange-id").unwrap().to_owned()
    }

    pub fn has_trailers(&self) -> bool {
        !self.trailers.is_empty()
    }

    /// Reads until so many bytes have come.
    pub async fn at_least(&mut self, bytes: usize) {
        while self.read.len() < bytes {
            assert!(self.more().await.unwrap(), "it ends after {} bytes", self.read.len());
        }
    }

    /// Reads on; whether there was anything.
    pub async fn more(&mut self) -> Result<bool, hyper::Error> {
        let frame = self.response.body_mut().frame();
        let frame = tokio::time::timeout(PATIENCE, frame).await.expect("the answer goes on");
        let Some(frame) = frame.transpose()? else { return Ok(false) };
        match frame.into_data() {
            Ok(data) => self.read.extend_from_slice(&data),
            Err(frame) => self.trailers = frame.into_trailers().unwrap_or_default(),
        }
        Ok(true)
    }

    /// Reads to the end, and counts what comes without keeping it.
    pub async fn count(&mut self) -> Result<u64, hyper::Error> {
        let mut counted = self.read.len() as u64;
        self.read.clear();
        while self.more().await? {
            counted += self.read.len() as u64;
            self.read.clear();
        }
        Ok(counted)
    }

    /// Reads to the end, which must not be a proper one.
    pub async fn is_cut_short(&mut self) {
        while let Ok(more) = self.more().await {
            assert!(more, "a broken answer ends as a whole one does: {} bytes", self.read.len());
        }
    }

    /// Reads to the end, and verifies what stands in the trailers; the receipt is kept.
    pub async fn whole(mut self, world: &World) -> Answered {
        while self.more().await.unwrap() {}
        let mut headers = self.response.headers().clone();
        headers.extend(self.trailers.clone());
        let answered = Answered { status: self.status(), headers, body: Bytes::from(self.read) };
        world.receipts.take(&self.asked, &answered);
        answered
    }
}
