//! The keyring of Linux desktops (freedesktop.org Secret Service API, draft 0.2).

use std::{cell::Cell, collections::HashMap, rc::Rc, time::Duration, time::Instant};

use dbus::{
    Path,
    arg::{AppendAll, ReadAll, RefArg, Variant},
    blocking::LocalConnection,
    message::MatchRule,
};
use zeroize::Zeroizing;

use crate::{
    error::Error,
    keyring::{Keyring, SECRET_NAME},
};

/// The timeout of calls that need no user action.
const CALL_TIMEOUT: Duration = Duration::from_secs(25);
/// The timeout for the user to unlock the keyring.
const UNLOCK_TIMEOUT: Duration = Duration::from_secs(5 * 60);

const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";

/// A secret in D-Bus form: session, encryption parameters, value, content type.
type Secret = (Path<'static>, Vec<u8>, Vec<u8>, String);

/// A session with the service, for the secret of one application.
pub(crate) struct SecretService {
    connection: LocalConnection,
    session: Path<'static>,
    application: String,
}

impl SecretService {
    pub(crate) fn open(application: &str) -> Result<Self, Error> {
        let connection = LocalConnection::new_session().map_err(Error::unavailable)?;
        let mut service =
            Self { connection, session: Path::default(), application: application.to_owned() };
        // The secret is not encrypted on the bus, which is private to the user.
        let (_, session): (Variant<Box<dyn RefArg>>, _) =
            service.call(&root(), SERVICE, "OpenSession", ("plain", Variant("")))?;
        service.session = session;
        Ok(service)
    }

    fn call<R: ReadAll>(
        &self,
        object: &Path<'static>,
        interface: &str,
        method: &str,
        arguments: impl AppendAll,
    ) -> Result<R, Error> {
        let proxy = self.connection.with_proxy("org.freedesktop.secrets", object, CALL_TIMEOUT);
        proxy.method_call(interface, method, arguments).map_err(Error::unavailable)
    }

    /// Returns the attributes that identify the secret.
    fn attributes(&self) -> HashMap<&str, &str> {
        HashMap::from([("application", self.application.as_str()), ("name", SECRET_NAME)])
    }

    fn unlock(&self, object: Path<'static>) -> Result<(), Error> {
        let (_, prompt): (Vec<Path<'_>>, Path<'_>) =
            self.call(&root(), SERVICE, "Unlock", (vec![object],))?;
        self.prompt(&prompt.into_static())
    }

    /// Shows a prompt of the service to the user, if there is one, and waits for its completion.
    fn prompt(&self, prompt: &Path<'static>) -> Result<(), Error> {
        if is_null(prompt) {
            return Ok(());
        }
        let dismissed = Rc::new(Cell::new(None));
        let outcome = Rc::clone(&dismissed);
        let rule = MatchRule::new_signal(PROMPT, "Completed").with_path(prompt.clone());
        let completed = move |(dismissed, _): (bool, Variant<Box<dyn RefArg>>), _: &_, _: &_| {
            outcome.set(Some(dismissed));
            false
        };
        self.connection.add_match(rule, completed).map_err(Error::unavailable)?;
        let () = self.call(prompt, PROMPT, "Prompt", ("",))?;
        let started = Instant::now();
        while started.elapsed() < UNLOCK_TIMEOUT {
            match dismissed.get() {
                Some(false) => return Ok(()),
                Some(true) => return Err(Error::unavailable("the user did not unlock it")),
                None => self.connection.process(CALL_TIMEOUT).map_err(Error::unavailable)?,
            };
        }
        Err(Error::unavailable(format!("not unlocked within {UNLOCK_TIMEOUT:?}")))
    }
}

impl Keyring for SecretService {
    fn secret(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let (unlocked, locked): (Vec<Path<'_>>, Vec<Path<'_>>) =
            self.call(&root(), SERVICE, "SearchItems", (self.attributes(),))?;
        let Some(item) = unlocked.into_iter().chain(locked).next() else { return Ok(None) };
        let item = item.into_static();
        self.unlock(item.clone())?;
        let ((_, _, secret, _),): (Secret,) =
            self.call(&item, ITEM, "GetSecret", (self.session.clone(),))?;
        Ok(Some(Zeroizing::new(secret)))
    }

    fn set_secret(&self, secret: &[u8]) -> Result<(), Error> {
        let (collection,): (Path<'_>,) = self.call(&root(), SERVICE, "ReadAlias", ("default",))?;
        let collection = collection.into_static();
        if is_null(&collection) {
            return Err(Error::unavailable("no default keyring; create one"));
        }
        self.unlock(collection.clone())?;
        let label = format!("{}: {SECRET_NAME}", self.application);
        let properties: HashMap<&str, Variant<Box<dyn RefArg>>> = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Variant(Box::new(label) as Box<dyn RefArg>)),
            (
                "org.freedesktop.Secret.Item.Attributes",
                Variant(Box::new(to_owned_map(self.attributes()))),
            ),
        ]);
        let secret = (self.session.clone(), Vec::<u8>::new(), secret.to_vec(), "text/plain");
        let (_, prompt): (Path<'_>, Path<'_>) =
            self.call(&collection, COLLECTION, "CreateItem", (properties, secret, true))?;
        self.prompt(&prompt.into_static())
    }
}

fn to_owned_map(attributes: HashMap<&str, &str>) -> HashMap<String, String> {
    let owned = attributes.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.collect()
}

fn root() -> Path<'static> {
    Path::from("/org/freedesktop/secrets")
}

/// Returns `true` if a path means "no object".
fn is_null(path: &Path<'_>) -> bool {
    **path == *"/"
}
