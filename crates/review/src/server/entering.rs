//! Who reads: a name with a password of its own, set when it first reads here. So nobody sees, or makes, another's
//! decisions.

use super::app::{App, blocking, check_reader};
use super::decisions::{Body, body};
use super::refused::Refused;
use crate::secret::{is_same, random_name};
use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use axum::Json;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Passwords that are taken, in characters.
const LENGTHS: [usize; 2] = [6, 200];
/// How long a wrong password takes; one is tried at a time.
const WRONG_TAKES: Duration = Duration::from_millis(400);

/// Browsers of one reader at a time; one more takes the place of the first.
const MOST_BROWSERS: usize = 8;

/// Who entered since the server was started.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// What browsers show for each name.
    keys: Mutex<HashMap<String, Vec<String>>>,
    /// Held while a password is tried.
    turn: Mutex<()>,
}

impl Sessions {
    /// A key for a browser of this reader.
    fn add(&self, reader: &str) -> String {
        let key = random_name();
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let known = keys.entry(reader.to_string()).or_default();
        if known.len() >= MOST_BROWSERS {
            known.remove(0);
        }
        known.push(key.clone());
        key
    }

    fn has(&self, reader: &str, headers: &HeaderMap) -> bool {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let known = keys.get(reader).map_or(&[][..], Vec::as_slice);
        shown(reader, headers).any(|shown| known.iter().any(|key| is_same(key, shown)))
    }

    /// Forgets the keys that a browser shows.
    fn remove(&self, reader: &str, headers: &HeaderMap) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = keys.get_mut(reader) {
            known.retain(|key| shown(reader, headers).all(|shown| !is_same(key, shown)));
        }
    }
}

/// The keys that a browser shows for a reader.
fn shown<'a>(reader: &str, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
    let name = cookie_name(reader);
    let cookies = headers.get_all(COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(move |(key, _)| *key == name)
        .map(|(_, shown)| shown)
}

/// Names hold what cookies may not: they are written in hexadecimal digits.
fn cookie_name(reader: &str) -> String {
    let digits = reader.bytes().map(|byte| format!("{byte:02x}"));
    format!("reader-{}", digits.collect::<String>())
}

/// The reader that a request names, and whether its browser has entered as that one.
#[derive(Debug)]
pub(super) struct Who {
    reader: String,
    has_entered: bool,
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    reader: String,
}

impl FromRequestParts<Arc<App>> for Who {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let Query(Asked { reader }) = Query::try_from_uri(&parts.uri)
            .map_err(|error| Refused::wrong(format!("naming the reader: {error}")))?;
        let has_entered = app.sessions.has(&reader, &parts.headers);
        Ok(Self {
            reader,
            has_entered,
        })
    }
}

impl Who {
    /// The reader's name.
    pub(super) fn name(&self) -> Result<&str, Refused> {
        check_reader(&self.reader).map_err(Refused::wrong)?;
        if self.has_entered {
            return Ok(&self.reader);
        }
        Err(Refused::new(
            StatusCode::UNAUTHORIZED,
            format!(
                "reading as {}: this needs the reader's password; reload the page and enter it",
                self.reader
            ),
        ))
    }

    /// The reader's name, where it has entered.
    pub(super) fn name_if_entered(&self) -> Option<&str> {
        self.has_entered.then_some(&*self.reader)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enter {
    reader: String,
    password: String,
    /// Whether the name is meant to be new; a slip of the pen makes no reader.
    #[serde(default)]
    is_new: bool,
}

pub(super) async fn enter(
    State(app): State<Arc<App>>,
    sent: Body<Enter>,
) -> Result<Response, Refused> {
    let sent = body(sent)?;
    let (reader, key, path) = blocking(app, move |app| {
        check_reader(&sent.reader).map_err(Refused::wrong)?;
        check(app, &sent)?;
        let key = app.sessions.add(&sent.reader);
        Ok((sent.reader, key, format!("/{}/", app.token)))
    })
    .await?;
    let cookie = format!(
        "{}={key}; Path={path}; HttpOnly; SameSite=Strict",
        cookie_name(&reader)
    );
    Ok(([(SET_COOKIE, cookie)], Json(json!({ "reader": reader }))).into_response())
}

/// The browser forgets the reader: whoever uses it next has to enter.
pub(super) async fn leave(
    State(app): State<Arc<App>>,
    who: Who,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let reader = who.name()?;
    app.sessions.remove(reader, &headers);
    let cookie = format!(
        "{}=; Path=/{}/; Max-Age=0; HttpOnly; SameSite=Strict",
        cookie_name(reader),
        app.token
    );
    Ok(([(SET_COOKIE, cookie)], Json(json!({ "reader": reader }))).into_response())
}

/// Whether the password is that of the reader, or becomes it.
fn check(app: &App, sent: &Enter) -> Result<(), Refused> {
    let _turn = app
        .sessions
        .turn
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let failed =
        |error: argon2::password_hash::Error| Refused::failed(format!("entering: {error}"));
    let known = app.store().password_of(&sent.reader)?;
    if let Some(hash) = known {
        let hash = PasswordHash::new(&hash).map_err(failed)?;
        let right = Argon2::default().verify_password(sent.password.as_bytes(), &hash);
        return right.map_err(|_| {
            std::thread::sleep(WRONG_TAKES);
            Refused::new(
                StatusCode::UNAUTHORIZED,
                format!("entering as {}: wrong password; try again", sent.reader),
            )
        });
    }
    if !sent.is_new {
        return Err(Refused::missing(format!(
            "entering as {}: this name has no password yet; choose one",
            sent.reader
        )));
    }
    let count = sent.password.chars().count();
    let [least, most] = LENGTHS;
    if !(least..=most).contains(&count) {
        return Err(Refused::wrong(format!(
            "entering as {}: expected a password of {least} to {most} characters",
            sent.reader
        )));
    }
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(sent.password.as_bytes(), &salt);
    let hash = hash.map_err(failed)?.to_string();
    if app.store().set_password(&sent.reader, &hash)? {
        Ok(())
    } else {
        Err(Refused::not_now(format!(
            "entering as {}: somebody chose a password for this name just now; type that one",
            sent.reader
        )))
    }
}
