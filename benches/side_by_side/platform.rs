//! A synthetic data platform in this process: HTTP/1.1, keep-alive, the same answer to everybody.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::Bytes;
use http::HeaderValue;
use http::Request;
use http::Response;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Members of the answer that the agreement does not grant.
const WITHHELD: &str = r#","DanToc":"01","TonGiao":"00","TinhTrangHonNhan":"2","Cha":{"HoVaTen":"Nguyễn Văn Mẫu","SoDinhDanh":"099060000011"},"Me":{"HoVaTen":"Trần Thị Mẫu","SoDinhDanh":"099162000012"},"VoChong":{"HoVaTen":"Trần Văn Thử","SoDinhDanh":"099088000013"},"ChuHo":{"HoVaTen":"Trần Văn Thử","QuanHe":"Vợ"}"#;

/// What the platform answers.
pub(crate) fn whole() -> Bytes {
    citizen(WITHHELD)
}

/// What the agreement grants of it.
pub(crate) fn granted() -> Bytes {
    citizen("")
}

fn citizen(more: &str) -> Bytes {
    let kept = r#""SoDinhDanh":"099190000001","HoVaTen":{"Ho":"Nguyễn","ChuDem":"Thị","Ten":"Mẫu"},"GioiTinh":"2","NgayThangNamSinh":"19900115","QuocTich":"VN","QueQuan":{"MaTinh":"33","ChiTiet":"Thôn Mẫu, Xã Mẫu A, Tỉnh Hưng Yên"},"ThuongTru":{"MaTinh":"33","MaXa":"99001","ChiTiet":"Số 1, phố Mẫu, phường Mẫu B, Tỉnh Hưng Yên"}"#;
    let head = r#""_mau":true,"MaGiaoDich":"01JDEMO0000000000000000001","TrangThai":"1","MoTa":"Thành công""#;
    Bytes::from(format!("{{{head},\"CongDan\":{{{kept}{more}}}}}"))
}

/// Starts the platform; it lives as long as this process.
pub(crate) async fn start() -> anyhow::Result<SocketAddr> {
    let socket = TcpListener::bind("127.0.0.1:0").await.context("no port for the platform")?;
    let address = socket.local_addr()?;
    tokio::spawn(serve(socket));
    Ok(address)
}

async fn serve(socket: TcpListener) {
    let body = whole();
    while let Ok((connection, _)) = socket.accept().await {
        let body = body.clone();
        let service = service_fn(move |_: Request<Incoming>| {
            let mut response = Response::new(Full::<Bytes>::new(body.clone()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            std::future::ready(Ok::<_, Infallible>(response))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), service));
    }
}
