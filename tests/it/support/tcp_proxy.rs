//! What stands before a server: TLS, and a count of connections.

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
    io::copy_bidirectional,
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

/// Signs certificates, and is known to nobody.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Its own certificate, in PEM.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate for this machine, and its key.
    fn sign(&self) -> (rcgen::Certificate, KeyPair) {
        let params = CertificateParams::new(vec![Ipv4Addr::LOCALHOST.to_string()]);
        let key = KeyPair::generate().expect("a key");
        let signed = params.expect("a name").signed_by(&key, &self.issuer);
        (signed.expect("a certificate"), key)
    }

    /// A certificate and its key, in PEM.
    pub(crate) fn identity(&self) -> String {
        let (certificate, key) = self.sign();
        certificate.pem() + &key.serialize_pem()
    }

    /// How a server signed by it speaks TLS, to those whom `clients` has signed if it is given.
    fn server(&self, clients: Option<&Self>) -> ServerConfig {
        let provider = Arc::new(default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let config = config.with_safe_default_protocol_versions().expect("versions of TLS");
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

/// Accepts connections for a server on this machine and passes on what comes.
pub(crate) struct Front {
    origin: String,
    connections: Arc<AtomicUsize>,
    cut: Arc<watch::Sender<()>>,
    accepting: JoinHandle<()>,
}

impl Front {
    /// A front that passes everything on.
    pub(crate) async fn plain(url: &str) -> Self {
        Self::start(url, None).await
    }

    /// A front that speaks TLS, to those whom `clients` has signed if it is given.
    pub(crate) async fn tls(url: &str, authority: &Authority, clients: Option<&Authority>) -> Self {
        Self::start(url, Some(TlsAcceptor::from(Arc::new(authority.server(clients))))).await
    }

    async fn start(url: &str, tls: Option<TlsAcceptor>) -> Self {
        let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
        let address = address.to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let cut = Arc::new(watch::Sender::new(()));
        let cutting = Arc::clone(&cut);
        let accepting = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let mut cut = cutting.subscribe();
                let passing_on = pass_on(client, tls.clone(), address.clone());
                open.spawn(async move {
                    tokio::select! {
                        () = passing_on => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { origin, connections, cut, accepting }
    }

    /// The URL of the server behind it.
    pub(crate) fn url(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// Closes all connections; done when it returns.
    pub(crate) async fn cut(&self) {
        self.cut.send_replace(());
        self.cut.closed().await;
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// What ends a connection is the client's, the server's or TLS's doing.
async fn pass_on(mut client: TcpStream, tls: Option<TlsAcceptor>, address: String) {
    let Ok(mut server) = TcpStream::connect(address).await else { return };
    let _ = match tls {
        None => copy_bidirectional(&mut client, &mut server).await,
        Some(tls) => match tls.accept(client).await {
            Ok(mut client) => copy_bidirectional(&mut client, &mut server).await,
            Err(error) => Err(error),
        },
    };
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Front({})", self.origin)
    }
}
