//! A real HTTP receiver for tests: it keeps what it took and answers as it is told.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::HeaderMap;
use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// One request that came.
#[derive(Clone, Debug)]
pub struct Came {
    pub headers: HeaderMap,
    pub body: String,
    /// What was answered.
    pub status: u16,
}

#[derive(Default)]
struct Told {
    came: Vec<Came>,
    usual: u16,
}

/// The receiver; clones share it.
#[derive(Clone)]
pub struct Receiver {
    told: Arc<Mutex<Told>>,
    pub url: String,
}

impl Receiver {
    /// Listens on a port of its own. Call it within a `LocalSet`.
    pub async fn start(usual: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self {
            told: Arc::new(Mutex::new(Told {
                usual,
                ..Told::default()
            })),
            url,
        };
        let shared = receiver.clone();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = shared.clone();
                tokio::task::spawn_local(async move {
                    let service = hyper::service::service_fn(move |request| {
                        let receiver = receiver.clone();
                        async move { receiver.take(request).await }
                    });
                    let served = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service);
                    let _ = served.await;
                });
            }
        });
        receiver
    }

    async fn take(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let mut told = self.lock();
        let status = told.usual;
        told.came.push(Came {
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
            status,
        });
        let answer = Response::builder().status(status);
        let answer = match status {
            302 => answer.header("location", "http://169.254.169.254/latest/meta-data/"),
            429 => answer.header("retry-after", "600"),
            _ => answer,
        };
        Ok(answer
            .body(Full::from("<script>alert(1)</script>"))
            .unwrap())
    }

    /// Answers so from now on.
    pub fn answers(&self, status: u16) {
        self.lock().usual = status;
    }

    /// What it took, in order; refused ones not.
    pub fn taken(&self) -> Vec<Came> {
        let told = self.lock();
        let taken = told.came.iter().filter(|came| came.status < 300);
        taken.cloned().collect()
    }

    /// Everything that came.
    pub fn came(&self) -> Vec<Came> {
        self.lock().came.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
