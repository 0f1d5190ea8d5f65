//! A room with one scan, served in this process, and a client that speaks HTTP as a browser or worse would.
#![allow(dead_code, unused_imports, reason = "each test takes what it needs")]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic)]

pub mod room;

pub use room::is_spot;

use serde_json::{Value, json};
use siderin_report::Paper;
use siderin_review::room::Room;
use siderin_review::server::{App, AppConfig, Limits, listen, serve_within};
use siderin_review::store::Store;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Two dark balls of 2 voxels' radius in tissue of 100, at these places, in voxels of 1 mm.
pub const SPOTS: [[usize; 3]; 2] = [[12, 15, 10], [28, 15, 10]];

pub struct Served {
    pub folder: tempfile::TempDir,
    pub review: PathBuf,
    pub port: u16,
    pub base: String,
    /// The cookie of each reader that has entered.
    entered: Mutex<HashMap<String, String>>,
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn error(&self) -> String {
        self.json()["error"]
            .as_str()
            .unwrap_or_default()
            .to_string()
    }
}

/// Serves a scan with two findings.
pub fn serve_scan() -> Served {
    serve_scan_within(Limits::default())
}

/// The same within limits.
pub fn serve_scan_within(limits: Limits) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let (path, review) = room::furnish(folder.path(), [40, 30, 20], &SPOTS, &[]);
    std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    let store = Store::open(&review).unwrap();
    let room = Room::open(&[path], &review, &store).unwrap();
    let listening = listen(None, None).unwrap();
    let port = listening.port;
    let app = App::new(AppConfig {
        folder: review.clone(),
        room,
        store,
        methods: Vec::new(),
        reader: None,
        paper: Paper::A4,
        port,
    })
    .unwrap();
    let app = Arc::new(app);
    let address = app.address();
    let base = address.split_once(&port.to_string()).unwrap().1.to_string();
    std::thread::spawn(move || serve_within(app, listening, limits));
    Served {
        folder,
        review,
        port,
        base,
        entered: Mutex::default(),
    }
}

impl Served {
    /// A request as the page makes it, by the reader that the path names.
    pub fn get(&self, path: &str) -> Answer {
        let cookie = self.cookie_for(path);
        let first = format!("GET {}{path} HTTP/1.1", self.base);
        self.ask(&first, &[("Cookie", &cookie)], b"")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_as(&self.cookie_for(path), path, body)
    }

    /// A message with this cookie.
    pub fn post_as(&self, cookie: &str, path: &str, body: &Value) -> Answer {
        self.ask(
            &format!("POST {}{path} HTTP/1.1", self.base),
            &[
                ("Content-Type", "application/json"),
                ("Origin", &format!("http://127.0.0.1:{}", self.port)),
                ("Sec-Fetch-Site", "same-origin"),
                ("Cookie", cookie),
            ],
            body.to_string().as_bytes(),
        )
    }

    /// Enters as a reader with a password.
    pub fn enter(&self, reader: &str, password: &str, is_new: bool) -> Answer {
        let body = json!({ "reader": reader, "password": password, "is_new": is_new });
        self.post_as("", "api/enter", &body)
    }

    /// The cookie of a reader, who enters for it; none of who may not.
    pub fn cookie_of(&self, reader: &str) -> String {
        let mut entered = self.entered.lock().unwrap();
        let cookie = entered.entry(reader.to_string()).or_insert_with(|| {
            let answer = self.enter(reader, &format!("secret of {reader}"), true);
            let mut lines = answer.head.lines();
            let line = lines.find_map(|line| line.strip_prefix("set-cookie: "));
            line.and_then(|line| line.split(';').next())
                .unwrap_or_default()
                .to_string()
        });
        cookie.clone()
    }

    fn cookie_for(&self, path: &str) -> String {
        match path
            .split(['?', '&'])
            .find_map(|part| part.strip_prefix("reader="))
        {
            Some(reader) if !reader.is_empty() => self.cookie_of(reader),
            _ => String::new(),
        }
    }

    /// A request as it is written here.
    pub fn ask(&self, first: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut head = format!("{first}\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: 127.0.0.1:{}\r\n", self.port);
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        // The server may answer and close before it has read a body that is too large.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut body = bytes[end + 4..].to_vec();
        if head.to_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body,
        }
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(line) = bytes.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.extend(&bytes[line + 2..line + 2 + size]);
        bytes = &bytes[(line + 4 + size).min(bytes.len())..];
        if size == 0 {
            break;
        }
    }
    whole
}
