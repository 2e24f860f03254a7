//! Five synthetic data platforms on 127.0.0.1: what stands behind the gateway in the demonstration.
//!
//! They answer as such platforms do: HTTP 200 with a result code of their own, also when nothing was found. All persons,
//! parcels and enterprises in them are invented.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::SocketAddrV4;

use bytes::Bytes;
use http::Method;
use http::Request;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;

/// The platforms, in the order of the ports 18081 to 18085 that the sample policies name.
pub const NAMES: [&str; 5] = ["dan-cu", "ho-tich", "dat-dai", "doanh-nghiep", "an-sinh"];

/// A question to a platform is a few fields: 16 KiB is generous.
const QUESTION_MAX: usize = 16 << 10;

/// What each platform knows: the path, and the answer.
const KNOWN: [(&str, &str, &str); 8] = [
    ("dan-cu", "/cong-dan/099190000001", include_str!("samples/dan-cu.json")),
    ("ho-tich", "/su-kien/099190000001", include_str!("samples/ho-tich.json")),
    ("ho-tich", "/su-kien/099088000013", include_str!("samples/ho-tich.json")),
    ("dat-dai", "/thua-dat/99001/12/345", include_str!("samples/dat-dai.json")),
    ("dat-dai", "/thua-dat/99001", include_str!("samples/dat-dai-xa.json")),
    ("doanh-nghiep", "/doanh-nghiep/9900000017", include_str!("samples/doanh-nghiep.json")),
    ("doanh-nghiep", "/doanh-nghiep/9900000025", include_str!("samples/doanh-nghiep-nhieu-dai-dien.json")),
    ("an-sinh", "/the-bhyt/DN4999900000001", include_str!("samples/an-sinh.json")),
];

/// Where a platform looks things up, and what it says when there is nothing to find.
const NOT_FOUND: [(&str, &str, &str); 5] = [
    ("dan-cu", "/cong-dan/", include_str!("samples/dan-cu-khong-thay.json")),
    ("ho-tich", "/su-kien/", include_str!("samples/ho-tich-khong-thay.json")),
    ("dat-dai", "/thua-dat/", include_str!("samples/dat-dai-khong-thay.json")),
    ("doanh-nghiep", "/doanh-nghiep/", include_str!("samples/doanh-nghiep-khong-thay.json")),
    ("an-sinh", "/the-bhyt/", include_str!("samples/an-sinh-khong-thay.json")),
];

/// A platform that runs, or has been stopped and keeps its address.
#[derive(Debug)]
pub struct Platform {
    name: &'static str,
    address: SocketAddr,
    serving: Option<JoinHandle<()>>,
}

impl Platform {
    /// Starts a platform on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(name: &'static str) -> io::Result<Self> {
        let any = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        let (address, serving) = listen(name, any).await?;
        Ok(Self { name, address, serving: Some(serving) })
    }

    /// Its name, which is also its service's.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it is reached.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it: its socket and every connection are closed when this returns.
    pub async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    /// Starts it again where it was.
    ///
    /// # Errors
    /// Another process has taken its port meanwhile.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await;
        self.serving = Some(listen(self.name, self.address).await?.1);
        Ok(())
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn listen(name: &'static str, address: SocketAddr) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let socket = TcpListener::bind(address).await?;
    let address = socket.local_addr()?;
    Ok((address, tokio::spawn(serve(name, socket))))
}

/// Serves until it is aborted: the set of connections is dropped with it, which closes them.
async fn serve(name: &'static str, socket: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let answered = service_fn(move |request| answer(name, request));
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answered));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(name: &'static str, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let found = match (parts.method, parts.uri.path()) {
        (Method::GET, path) => look_up(name, path).map(Bytes::from_static),
        (Method::POST, "/doi-chieu") if name == "dan-cu" => compare(body).await,
        _ => None,
    };
    Ok(match found {
        Some(body) => respond(StatusCode::OK, body),
        None => respond(StatusCode::NOT_FOUND, Bytes::from_static(b"{\"_mau\":true}")),
    })
}

fn respond(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// What a platform answers to a look-up; none for a path that it does not serve.
fn look_up(name: &str, path: &str) -> Option<&'static [u8]> {
    let known = KNOWN.iter().find(|(platform, at, _)| *platform == name && *at == path);
    let body = known
        .or_else(|| NOT_FOUND.iter().find(|(platform, at, _)| *platform == name && path.starts_with(at)));
    body.map(|(_, _, body)| body.as_bytes())
}

/// Says whether a citizen number and a name belong together, and nothing else.
async fn compare(body: Incoming) -> Option<Bytes> {
    let bytes = Limited::new(body, QUESTION_MAX).collect().await.ok()?.to_bytes();
    let asked: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let matches = asked.get("SoDinhDanh")? == "099190000001" && asked.get("HoVaTen")? == "Nguyễn Thị Mẫu";
    let answer =
        serde_json::json!({ "_mau": true, "MaGiaoDich": "01JDEMO0000000000000000003", "KetQua": matches });
    Some(Bytes::from(answer.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tokio::io::AsyncReadExt as _;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpStream;

    use super::*;

    async fn ask(platform: &Platform, line: &str, body: &str) -> io::Result<(String, Value)> {
        let mut stream = TcpStream::connect(platform.address()).await?;
        let length = body.len();
        let head =
            format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Ok((head.split(' ').nth(1).unwrap().to_owned(), serde_json::from_str(body).unwrap()))
    }

    #[tokio::test]
    async fn a_platform_answers_200_and_says_in_its_own_way_that_it_found_nothing() {
        for (name, path, pointer, code) in [
            ("dan-cu", "/cong-dan/099000000000", "/TrangThai", "0"),
            ("ho-tich", "/su-kien/099000000000", "/ketQua/ma", "01"),
            ("an-sinh", "/the-bhyt/DN4999900000009", "/maKetQua", "060"),
        ] {
            let platform = Platform::start(name).await.unwrap();
            let (status, body) = ask(&platform, &format!("GET {path}"), "").await.unwrap();
            assert_eq!(
                (status.as_str(), body.pointer(pointer).unwrap()),
                ("200", &Value::from(code)),
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn every_answer_says_that_it_is_a_sample() {
        for (name, path, body) in KNOWN.iter().chain(&NOT_FOUND) {
            let body: Value = serde_json::from_str(body).unwrap();
            let records = body.as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
            assert!(records.iter().all(|record| record["_mau"] == true), "{name}{path}");
        }
        let platform = Platform::start("dat-dai").await.unwrap();
        let (_, land) = ask(&platform, "GET /thua-dat/99001/12/345", "").await.unwrap();
        assert_eq!(land["data"]["thuaDat"]["dienTich"], 120.5);
    }

    #[tokio::test]
    async fn a_match_says_yes_or_no_and_gives_no_data_away() {
        let platform = Platform::start("dan-cu").await.unwrap();
        for (name, matches) in [("Nguyễn Thị Mẫu", true), ("Nguyễn Thị Khác", false)] {
            let asked = format!(r#"{{"SoDinhDanh":"099190000001","HoVaTen":"{name}"}}"#);
            let (_, answer) = ask(&platform, "POST /doi-chieu", &asked).await.unwrap();
            assert_eq!(answer["KetQua"], matches);
            assert_eq!(answer.as_object().unwrap().len(), 3);
        }
        assert_eq!(ask(&platform, "POST /doi-chieu", "{}").await.unwrap().0, "404");
    }

    #[tokio::test]
    async fn a_platform_that_stopped_takes_no_connection_until_it_is_back_where_it_was() {
        let mut platform = Platform::start("dat-dai").await.unwrap();
        let (address, held) = (platform.address(), TcpStream::connect(platform.address()).await.unwrap());
        platform.stop().await;
        assert!(TcpStream::connect(address).await.is_err());
        drop(held);
        platform.restart().await.unwrap();
        assert_eq!(platform.address(), address);
        assert_eq!(ask(&platform, "GET /thua-dat/1/2/3", "").await.unwrap().1["success"], false);
    }
}
