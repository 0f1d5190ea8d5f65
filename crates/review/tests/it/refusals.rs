//! What is asked by others than the page, or asked wrongly, is refused in words, and nothing is lost.
use crate::support::{serve_scan, serve_scan_within};
use serde_json::json;
use siderin_review::server::{Limits, MOST_BYTES};
use siderin_review::store::Store;
use std::net::TcpStream;
use std::time::Duration;

/// A decision on the first finding.
fn decision(key: &str) -> serde_json::Value {
    json!({ "key": key, "item": "f1", "value": { "kind": "finding", "verdict": "accepted" } })
}

#[test]
fn only_who_knows_the_token_gets_anything() {
    let served = serve_scan();
    for path in [
        "/",
        "/api/room",
        "/0123456789abcdef0123456789abcdef/",
        "/favicon.ico",
    ] {
        let answer = served.ask(&format!("GET {path} HTTP/1.1"), &[], b"");
        assert_eq!(answer.status, 403, "{path}");
        assert!(
            answer
                .error()
                .contains("open the address that siderin printed")
        );
    }
    let page = served.get("");
    assert!(page.text().contains("<title>siderin"), "{}", page.text());
    let short = served.ask(
        &format!("GET {} HTTP/1.1", served.base.trim_end_matches('/')),
        &[],
        b"",
    );
    assert_eq!(short.status, 308);
    let answer = served.get("api/room?reader=anna");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let head = answer.head.to_lowercase();
    for header in [
        "content-security-policy: default-src 'none'",
        "x-content-type-options: nosniff",
        "x-frame-options: deny",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "{header} in {head}");
    }
}

#[test]
fn other_sites_and_other_names_are_refused() {
    let served = serve_scan();
    let json = ("Content-Type", "application/json");
    let body = decision("00000001").to_string();
    let post = format!(
        "POST {}api/scans/1/changes?reader=anna HTTP/1.1",
        served.base
    );
    let cookie = served.cookie_of("anna");
    let ask = |headers: &[(&str, &str)]| {
        let headers = [headers, &[("Cookie", &*cookie)]].concat();
        served.ask(&post, &headers, body.as_bytes())
    };
    let own = format!("http://127.0.0.1:{}", served.port);
    // Another site's script, a script of another port of this machine, a page in a frame.
    for headers in [
        [json, ("Origin", "https://evil.example")],
        [json, ("Origin", "http://127.0.0.1:1")],
        [json, ("Origin", "null")],
        [json, ("Sec-Fetch-Site", "cross-site")],
        [json, ("Sec-Fetch-Site", "same-site")],
    ] {
        let answer = ask(&headers);
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(answer.error().contains("another site asked"), "{headers:?}");
    }
    // A form of another site needs no permission to send text.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let answer = ask(&[("Content-Type", kind), ("Origin", &own)]);
        assert_eq!(answer.status, 415, "{kind}");
    }
    // A name that was made to lead here.
    let answer = ask(&[json, ("Host", "evil.example"), ("Origin", &own)]);
    assert_eq!(answer.status, 403);
    assert!(answer.error().contains("another name"));
    let store = Store::open(&served.review).unwrap();
    assert!(store.trail(1, "anna").unwrap().is_empty());
    assert_eq!(ask(&[json, ("Origin", &own)]).status, 200);
}

#[test]
fn no_path_leads_out() {
    let served = serve_scan();
    for path in [
        "../secret.txt",
        "../../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "vendor/niivue/../../../secret.txt",
        "vendor/niivue/..%2f..%2f..%2fREADME.md",
        "vendor/niivue/../../README.md",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "tests/anything.js",
        "package.json",
        "api/scans/1/thumbs/..%2f..%2fsecret.txt?reader=anna",
        "api/scans/1/image.nii?partner=..%2fsecret",
        "api/scans/9/image.nii",
    ] {
        let answer = served.get(path);
        assert!(
            (400..500).contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        assert!(!answer.text().contains("secret\n") && !answer.text().contains("root:"));
    }
    // A reader's name never becomes a path.
    let answer = served.post(
        "api/export?reader=..%2f..%2fout",
        &json!({ "whose": "mine", "scans": "all" }),
    );
    assert_eq!(answer.status, 400);
    assert!(
        answer.error().contains("naming the reader"),
        "{}",
        answer.text()
    );
}

#[test]
fn what_is_too_large_or_not_understood_changes_nothing() {
    let served = serve_scan();
    let path = "api/scans/1/changes?reader=anna";
    let long = json!({ "key": "00000001", "item": "f1", "value": "x".repeat(MOST_BYTES + 1) });
    let answer = served.post(path, &long);
    assert_eq!(answer.status, 413);
    assert!(
        answer.error().contains("larger than 16 MB"),
        "{}",
        answer.text()
    );
    let mark =
        |mask: serde_json::Value| json!({ "kind": "finding", "verdict": "accepted", "mask": mask });
    let voxels = 40 * 30 * 20;
    for (value, says) in [
        (
            json!({ "kind": "finding", "verdict": "perhaps" }),
            "perhaps",
        ),
        (json!({ "kind": "finding" }), "verdict"),
        (mark(json!([1, 2, 3])), "no pairs"),
        (mark(json!([5, 2, 3, 1])), "ascending"),
        (mark(json!([voxels - 1, 2])), "another scan"),
        (mark(json!([0, 18446744073709551615u64])), "another scan"),
        (mark(json!([])), "at least one voxel"),
        (
            json!({ "kind": "finding", "verdict": "accepted", "mimic": "vessel" }),
            "mimic",
        ),
    ] {
        let answer = served.post(
            path,
            &json!({ "key": "00000002", "item": "f1", "value": value }),
        );
        assert!((400..500).contains(&answer.status), "{value}");
        assert!(answer.error().contains(says), "{value}: {}", answer.error());
    }
    let no_item = json!({ "key": "00000003", "item": "f7", "value": { "kind": "finding", "verdict": "accepted" } });
    assert_eq!(served.post(path, &no_item).status, 404);
    let no_mask = json!({ "key": "00000004", "item": null, "value": { "kind": "finding", "verdict": "accepted" } });
    assert!(served.post(path, &no_mask).error().contains("needs a mask"));
    for reader in ["", "consensus", "Consensus", "a%0Ab", "..", "%20anna"] {
        let path = format!("api/scans/1/changes?reader={reader}");
        assert_eq!(
            served.post(&path, &decision("00000005")).status,
            400,
            "{reader}"
        );
    }
    let store = Store::open(&served.review).unwrap();
    assert!(
        ["anna", "consensus"]
            .iter()
            .all(|r| store.trail(1, r).unwrap().is_empty())
    );
}

#[test]
fn nobody_reads_or_decides_under_anothers_name() {
    let served = serve_scan();
    let path = "api/scans/1/changes?reader=anna";
    assert_eq!(served.post(path, &decision("00000001")).status, 200);
    // Ben has entered, and knows the address; he asks for Anna's.
    let ben = served.cookie_of("ben");
    for asked in [
        "api/scans/1?reader=anna",
        "api/scans/1/consensus?reader=anna",
        "api/scans/1/audit.csv?reader=anna",
        "api/scans/1/report.html?reader=anna",
        "api/scans/1/thumbs/f1.svg?reader=anna",
        "api/agreement?reader=anna",
    ] {
        let first = format!("GET {}{asked} HTTP/1.1", served.base);
        let answer = served.ask(&first, &[("Cookie", &ben)], b"");
        assert_eq!(answer.status, 401, "{asked}");
        assert!(answer.error().contains("password"), "{}", answer.text());
    }
    let own_key = ben.split_once('=').unwrap().1;
    let forged = format!(
        "{}={own_key}",
        served.cookie_of("anna").split_once('=').unwrap().0
    );
    for cookie in ["", &ben, &forged] {
        assert_eq!(
            served.post_as(cookie, path, &decision("00000002")).status,
            401
        );
        let wanted = json!({ "whose": "mine", "scans": "all" });
        let answer = served.post_as(cookie, "api/export?reader=anna", &wanted);
        assert_eq!(answer.status, 401);
    }
    let store = Store::open(&served.review).unwrap();
    assert_eq!(store.trail(1, "anna").unwrap().len(), 1);
    // The list says nothing of another's decisions either.
    let first = format!("GET {}api/room?reader=anna HTTP/1.1", served.base);
    let room = served.ask(&first, &[("Cookie", &ben)], b"").json();
    assert_eq!(
        (&room["has_entered"], &room["scans"][0]["state"]),
        (&json!(false), &json!("found"))
    );
}

#[test]
fn a_password_is_set_once() {
    let served = serve_scan();
    let answer = served.enter("anna", "correct horse", false);
    assert_eq!(answer.status, 404);
    assert!(
        answer.error().contains("no password yet"),
        "{}",
        answer.text()
    );
    for (password, name) in [
        ("short", "anna"),
        ("long enough", "consensus"),
        ("long enough", ""),
    ] {
        assert_eq!(served.enter(name, password, true).status, 400, "{name}");
    }
    let answer = served.enter("anna", "correct horse", true);
    assert_eq!(answer.status, 200);
    let cookie = answer.head.to_lowercase();
    assert!(cookie.contains("httponly; samesite=strict"), "{cookie}");
    // Said to be new again, it is still the first that counts.
    for is_new in [true, false] {
        assert_eq!(served.enter("anna", "another one", is_new).status, 401);
        assert_eq!(served.enter("anna", "correct horse", is_new).status, 200);
    }
    let hash = Store::open(&served.review)
        .unwrap()
        .password_of("anna")
        .unwrap()
        .unwrap();
    assert!(hash.starts_with("$argon2id$") && !hash.contains("horse"));
}

#[test]
fn a_key_is_of_one_reader_and_of_one_decision() {
    let served = serve_scan();
    let path = |reader: &str| format!("api/scans/1/changes?reader={reader}");
    let said = decision("00000001");
    assert_eq!(served.post(&path("anna"), &said).status, 200);
    // Sent again, and by somebody else.
    assert_eq!(served.post(&path("anna"), &said).status, 200);
    assert_eq!(served.post(&path("ben"), &said).status, 200);
    let mut other = said.clone();
    other["value"]["verdict"] = json!("rejected");
    let answer = served.post(&path("anna"), &other);
    assert_eq!(answer.status, 409, "{}", answer.text());
    let undo = served.post(
        "api/scans/1/undo?reader=anna",
        &json!({ "key": "00000001" }),
    );
    assert_eq!(undo.status, 409);
    let store = Store::open(&served.review).unwrap();
    for reader in ["anna", "ben"] {
        assert_eq!(store.trail(1, reader).unwrap().len(), 1);
    }
}

#[test]
fn what_is_not_there_cannot_be_taken_back() {
    let served = serve_scan();
    let path = "api/scans/1/changes?reader=anna";
    for item in ["x1", "f99", "../f1", "finished", "f1"] {
        let taken = json!({ "key": "00000001", "item": item, "value": null });
        assert_eq!(served.post(path, &taken).status, 404, "{item}");
    }
    // What was refused is in nobody's way.
    assert_eq!(served.post(path, &decision("00000001")).status, 200);
}

#[test]
fn who_is_slow_is_let_go_and_others_are_answered() {
    use std::io::{Read, Write};
    let served = serve_scan_within(Limits {
        connections: 3,
        head: Duration::from_millis(300),
    });
    let mut slow: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
            stream
        })
        .collect();
    // All places are taken by those until their time is over.
    assert_eq!(served.get("api/room?reader=").status, 200);
    for stream in &mut slow {
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let mut rest = Vec::new();
        assert!(stream.read_to_end(&mut rest).is_ok(), "the server hangs up");
    }
}

#[test]
fn exports_within_one_second_have_folders_of_their_own() {
    let served = serve_scan();
    let path = "api/scans/1/changes?reader=anna";
    assert_eq!(served.post(path, &decision("00000001")).status, 200);
    let wanted = json!({ "whose": "mine", "scans": "all" });
    let folders: std::collections::BTreeSet<String> = (0..3)
        .map(|_| {
            let answer = served.post("api/export?reader=anna", &wanted);
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.json()["folder"].as_str().unwrap().to_string()
        })
        .collect();
    assert_eq!(folders.len(), 3);
}
