//! A TCP proxy in front of a server, which can add TLS, and a certificate authority.

use std::{
    fmt,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer},
        server::WebPkiClientVerifier,
    },
};

/// A certificate authority that no client trusts by default.
pub(crate) struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl CertificateAuthority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// The certificate of the authority, in PEM.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Signs a certificate for 127.0.0.1 and `mcp.invalid`. Returns it with its key.
    fn sign(&self) -> (rcgen::Certificate, KeyPair) {
        let names = vec![Ipv4Addr::LOCALHOST.to_string(), "mcp.invalid".to_owned()];
        let params = CertificateParams::new(names);
        let key = KeyPair::generate().expect("a key");
        let signed = params.expect("a name").signed_by(&key, &self.issuer);
        (signed.expect("a certificate"), key)
    }

    /// A new certificate and its key, in PEM.
    pub(crate) fn identity(&self) -> String {
        let (certificate, key) = self.sign();
        certificate.pem() + &key.serialize_pem()
    }

    /// The TLS configuration of a server with a certificate of this authority.
    ///
    /// If `clients` is given, the server requires client certificates of that authority.
    fn server(&self, clients: Option<&Self>) -> ServerConfig {
        let provider = Arc::new(default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let config = config.with_safe_default_protocol_versions().expect("TLS versions");
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.certificate.der().clone()).expect("a certificate");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let (certificate, key) = self.sign();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let mut config = config.with_single_cert(chain, key).expect("a certificate and its key");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}

/// Accepts connections and forwards their bytes to a server on this machine.
pub(crate) struct TcpProxy {
    origin: String,
    connection_count: Arc<AtomicUsize>,
    close_connections: Arc<watch::Sender<()>>,
    accept_task: JoinHandle<()>,
}

impl TcpProxy {
    /// Starts a proxy that forwards all bytes unchanged.
    pub(crate) async fn start(url: &str) -> Self {
        Self::start_with(url, None).await
    }

    /// Starts a proxy that terminates TLS.
    ///
    /// If `clients` is given, it requires client certificates of that authority.
    pub(crate) async fn start_tls(
        url: &str,
        authority: &CertificateAuthority,
        clients: Option<&CertificateAuthority>,
    ) -> Self {
        Self::start_with(url, Some(TlsAcceptor::from(Arc::new(authority.server(clients))))).await
    }

    /// Starts an HTTP proxy that answers `CONNECT` for any host with a TLS connection to the server
    /// at `url`. Returns its URL.
    pub(crate) async fn start_connect(
        url: &str,
        authority: &CertificateAuthority,
    ) -> (Self, String) {
        let tls = Self::start_tls(url, authority, None).await;
        let target = tls.origin.trim_start_matches("https://").to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let proxy_url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    if client.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let established = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                established.expect("an open connection");
                tokio::spawn(forward(client, None, target.clone()));
            }
        });
        (tls, proxy_url)
    }

    async fn start_with(url: &str, tls: Option<TlsAcceptor>) -> Self {
        let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
        let address = address.to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let connection_count = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connection_count);
        let close_connections = Arc::new(watch::Sender::new(()));
        let close = Arc::clone(&close_connections);
        let accept_task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let mut closed = close.subscribe();
                let forwarding = forward(client, tls.clone(), address.clone());
                open.spawn(async move {
                    tokio::select! {
                        () = forwarding => {}
                        _ = closed.changed() => {}
                    }
                });
            }
        });
        Self { origin, connection_count, close_connections, accept_task }
    }

    /// The URL of the server through this proxy.
    pub(crate) fn url(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// Closes all connections. They are closed when this returns.
    pub(crate) async fn close_connections(&self) {
        self.close_connections.send_replace(());
        self.close_connections.closed().await;
    }

    /// The number of connections accepted so far.
    pub(crate) fn connection_count(&self) -> usize {
        self.connection_count.load(Ordering::Relaxed)
    }
}

/// Forwards bytes in both directions until either side closes the connection. Errors are ignored.
async fn forward(mut client: TcpStream, tls: Option<TlsAcceptor>, address: String) {
    let Ok(mut server) = TcpStream::connect(address).await else { return };
    let _ = match tls {
        None => copy_bidirectional(&mut client, &mut server).await,
        Some(tls) => match tls.accept(client).await {
            Ok(mut client) => copy_bidirectional(&mut client, &mut server).await,
            Err(error) => Err(error),
        },
    };
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.accept_task.abort();
    }
}

impl fmt::Debug for TcpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TcpProxy({})", self.origin)
    }
}
