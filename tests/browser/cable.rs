//! A network cable between the browser and the hub, to be pulled and put back.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Carries connections to the hub while it is in; what runs through it breaks when it is pulled.
pub struct Cable {
    /// Where the browser plugs in.
    pub port: u16,
    is_in: watch::Sender<bool>,
    /// Ends with the cable.
    _carrier: JoinSet<()>,
}

impl Cable {
    /// Lays a cable to the hub, and puts it in.
    pub async fn to(hub: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (is_in, state) = watch::channel(true);
        let mut carrier = JoinSet::new();
        carrier.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                connections.spawn(carry(near, hub, state.clone()));
            }
        });
        Ok(Self {
            port,
            is_in,
            _carrier: carrier,
        })
    }

    /// Breaks every connection and lets no new one through.
    pub fn pull(&self) {
        self.is_in.send_replace(false);
    }

    /// Lets connections through again.
    pub fn put_back(&self) {
        self.is_in.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, hub: SocketAddr, mut is_in: watch::Receiver<bool>) {
    if !*is_in.borrow() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(hub).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = is_in.wait_for(|is_in| !is_in) => {}
    }
}
