//! What is asked by others than the page, or asked wrongly, is refused in words, and nothing is lost.
use crate::support::serve_scan;
use serde_json::json;
use siderin_review::server::MOST_BYTES;
use siderin_review::store::Store;

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
    let ask = |headers: &[(&str, &str)]| served.ask(&post, headers, body.as_bytes());
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
    assert!(store.readers().unwrap().is_empty());
}
