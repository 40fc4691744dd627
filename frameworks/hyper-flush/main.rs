//! hyper with `pipeline_flush(true)`: its writes wait until there is nothing left to read, so a batch is one write.
//!
//! That is how hyper's maintainers publish its rates under pipelining; hyper calls it experimental, and it is off by
//! default. All else is as in frameworks/hyper.

use std::env;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

type Answer = Result<Response<Full<Bytes>>, hyper::Error>;

async fn somebody() {}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

async fn route(request: Request<Incoming>) -> Answer {
    let path: Vec<&str> = request.uri().path().split('/').collect();
    match (request.method(), path.as_slice()) {
        (&Method::GET | &Method::HEAD, ["", ""]) => {
            somebody().await;
            Ok(text(StatusCode::OK, "Hello world!"))
        }
        (&Method::GET, ["", "sleep", ms, token]) if ms.parse::<u32>().is_ok() => {
            let ms = ms.parse().unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(text(StatusCode::OK, token.to_string()))
        }
        (&Method::POST, ["", "echo"]) => {
            Ok(text(StatusCode::OK, request.collect().await?.to_bytes()))
        }
        _ => Ok(text(StatusCode::NOT_FOUND, "Not Found")),
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?; // the kernel shares connections out among the workers
    socket.bind(address)?;
    socket.listen(1024) // all connections of a run may come at once
}

async fn serve(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection is accepted");
        stream
            .set_nodelay(true)
            .expect("a connection takes TCP_NODELAY");
        let connection = http1::Builder::new()
            .pipeline_flush(true)
            .serve_connection(TokioIo::new(stream), service_fn(route));
        tokio::spawn(connection); // how it ends is no error of the server's: the client left, or was told what is wrong
    }
}

fn work(address: SocketAddr) -> std::io::Result<()> {
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let mut stop = signal(SignalKind::terminate())?;
            tokio::spawn(serve(listen(address)?));
            stop.recv().await;
            Ok(())
        })
}

fn variable(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_string())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = format!(
        "{}:{}",
        variable("HOST", "127.0.0.1"),
        variable("PORT", "8080")
    )
    .parse()?;
    let workers: usize = variable("WORKERS", "1").parse()?;
    for _ in 1..workers {
        thread::spawn(move || work(address).expect("a worker listens"));
    }
    work(address)?;
    Ok(())
}
