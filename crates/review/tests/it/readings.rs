//! What readers do, as the page asks for it.
use crate::support::{SPOTS, Served, is_spot, serve_scan};
use serde_json::{Value, json};
use siderin_evaluate::{LesionFile, Lesions, read_lesions};
use siderin_image::scan::ReadLimits;
use siderin_train::data::labelled_scans;

fn say(served: &Served, reader: &str, key: &str, item: Value, value: Value) -> Value {
    let path = format!("api/scans/1/changes?reader={reader}");
    let answer = served.post(&path, &json!({ "key": key, "item": item, "value": value }));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn verdict(verdict: &str) -> Value {
    json!({ "kind": "finding", "verdict": verdict })
}

fn finish(served: &Served, reader: &str) -> Value {
    let value = json!({ "kind": "finished", "is_finished": true });
    say(
        served,
        reader,
        &format!("finish-{reader}"),
        Value::Null,
        value,
    )
}

#[test]
fn decisions_count_and_come_back() {
    let served = serve_scan();
    let scan = served.get("api/scans/1?reader=anna").json();
    assert_eq!(scan["image"]["shape"], json!([40, 30, 20]));
    let findings = &scan["reading"]["findings"];
    assert_eq!(findings[0]["item"], "f1");
    assert_eq!(findings[0]["mark"], Value::Null);
    // 33 voxels of 1 mm³ lie within 2 mm of a voxel: a sphere of 3.98 mm.
    assert_eq!(findings[0]["volume_mm3"], 33.0);
    assert_eq!(findings[0]["measured"]["size"], "small");
    assert_eq!(scan["reading"]["counts"]["open"], 2);

    let answer = say(
        &served,
        "anna",
        "decision-1",
        json!("f1"),
        verdict("accepted"),
    );
    let reading = &answer["reading"];
    assert_eq!(reading["counts"]["microbleeds"], 1);
    assert_eq!(reading["counts"]["burden_group"], "1-4");
    // No regions were found: the forms count it where places are not clear.
    let total = &reading["forms"]["mars"]["total"]["definite"]["unclear"];
    assert_eq!(*total, 1);
    let placed = json!({ "kind": "finding", "verdict": "accepted", "region": "thalamus", "side": "left",
        "certainty": "possible", "size": "large", "cause": "hypertensive", "note": "round" });
    let answer = say(&served, "anna", "decision-2", json!("f1"), placed);
    let lines = answer["reading"]["forms"]["bombs"]["lines"]
        .as_array()
        .unwrap();
    let thalamus = lines.iter().find(|l| l["location"] == "thalamus").unwrap();
    assert_eq!(thalamus["uncertain_large"]["left"], 1);
    assert_eq!(
        answer["reading"]["undo_label"],
        "f1: certainty, region, side, size, cause, note changed"
    );

    let undone = served
        .post(
            "api/scans/1/undo?reader=anna",
            &json!({ "key": "undoing-1" }),
        )
        .json();
    assert_eq!(
        undone["reading"]["findings"][0]["mark"]["region"],
        Value::Null
    );
    assert_eq!(
        undone["reading"]["redo_label"],
        "f1: certainty, region, side, size, cause, note changed"
    );
    let redone = served
        .post(
            "api/scans/1/redo?reader=anna",
            &json!({ "key": "redoing-1" }),
        )
        .json();
    assert_eq!(
        redone["reading"]["findings"][0]["mark"]["region"],
        "thalamus"
    );
    assert_eq!(
        served
            .post(
                "api/scans/1/redo?reader=anna",
                &json!({ "key": "redoing-2" })
            )
            .status,
        409
    );

    let audit = served.get("api/scans/1/audit.csv?reader=anna").text();
    assert_eq!(audit.lines().count(), 5, "{audit}");
    let report = served.get("api/scans/1/report.html?reader=anna");
    assert!(
        report
            .head
            .to_lowercase()
            .contains("style-src 'unsafe-inline'")
    );
    assert!(
        report
            .text()
            .contains("Microbleeds read in sub-01_T2starw by anna")
    );
    let thumb = served.get("api/scans/1/thumbs/f1.svg?reader=anna");
    assert!(thumb.text().starts_with("<svg xmlns="));
}

#[test]
fn a_click_grows_a_lesion() {
    let served = serve_scan();
    let answer = served
        .post(
            "api/scans/1/grow?reader=anna",
            &json!({ "seeds": [SPOTS[0]] }),
        )
        .json();
    let runs: Vec<usize> = serde_json::from_value(answer["mask"].clone()).unwrap();
    let mut inside = 0;
    for pair in runs.chunks(2) {
        for offset in pair[0]..pair[0] + pair[1] {
            let index = [offset % 40, offset / 40 % 30, offset / 1200];
            inside += 1;
            assert!(is_spot(index, SPOTS[0]), "{index:?}");
        }
    }
    assert_eq!(inside, 33);
    assert!(answer["milliseconds"].as_f64().unwrap() < 100.0);
    let both = json!({ "seeds": SPOTS, "each_stroke": true, "reference": "parent" });
    let answer = served.post("api/scans/1/grow?reader=anna", &both).json();
    assert_eq!(
        (answer["count"].clone(), answer["volume_mm3"].clone()),
        (json!(2), json!(66.0))
    );
    let group = json!({ "kind": "finding", "verdict": "accepted", "is_group": true, "mask": answer["mask"] });
    let said = say(&served, "anna", "group-key", Value::Null, group);
    assert_eq!(said["item"], "a1");
    assert_eq!(said["reading"]["counts"]["microbleeds"], 2);
    assert_eq!(said["reading"]["findings"][2]["count"], 2);
    for seeds in [json!([]), json!([[40, 0, 0]])] {
        let refused = served.post("api/scans/1/grow?reader=anna", &json!({ "seeds": seeds }));
        assert_eq!(refused.status, 400, "{seeds}");
    }
}

#[test]
fn readers_are_blinded_until_they_have_finished() {
    let served = serve_scan();
    say(
        &served,
        "anna",
        "anna-0001",
        json!("f1"),
        verdict("accepted"),
    );
    // Ben sees nothing of it.
    let ben = served.get("api/scans/1?reader=ben").json();
    assert_eq!(ben["reading"]["counts"]["open"], 2);
    assert_eq!(served.get("api/agreement?reader=ben&scan=1").status, 403);
    assert_eq!(served.get("api/agreement?reader=ben").status, 403);
    assert_eq!(served.get("api/scans/1/consensus?reader=ben").status, 403);
    // Nobody finishes with something open.
    let open = json!({ "key": "too-early", "item": null, "value": { "kind": "finished", "is_finished": true } });
    let refused = served.post("api/scans/1/changes?reader=anna", &open);
    assert_eq!(refused.status, 409);
    assert!(
        refused.error().contains("1 findings are not decided"),
        "{}",
        refused.error()
    );
    say(
        &served,
        "anna",
        "anna-0002",
        json!("f2"),
        verdict("accepted"),
    );
    finish(&served, "anna");
    say(
        &served,
        "ben",
        "ben-00001",
        json!("f1"),
        verdict("accepted"),
    );
    let vessel = json!({ "kind": "finding", "verdict": "rejected", "mimic": "vessel" });
    say(&served, "ben", "ben-00002", json!("f2"), vessel);
    assert_eq!(served.get("api/agreement?reader=ben&scan=1").status, 403);
    finish(&served, "ben");
    let found = served.get("api/agreement?reader=ben&scan=1").json();
    assert_eq!(found["readers"], json!(["anna", "ben"]));
    let pair = &found["pairs"][0];
    // Of two places both accept one, Anna the other alone: F1 2 / 3, κ 0 (Anna never rejects).
    assert_eq!(
        (pair["both"].clone(), pair["only_a"].clone()),
        (json!(1), json!(1))
    );
    assert!((pair["f1"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    assert!(pair["kappa"].as_f64().unwrap().abs() < 1e-9);

    let all = served.get("api/scans/1/consensus?reader=ben").json();
    let first = &all["places"][0];
    assert_eq!(
        (first["id"].clone(), first["agreed"].clone()),
        (json!("f2"), json!(false))
    );
    assert_eq!(
        first["verdicts"],
        json!({ "anna": "accepted", "ben": "rejected" })
    );
    let decide = json!({ "key": "together-1", "place": "f2", "value": verdict("rejected") });
    let decided = served
        .post("api/scans/1/consensus?reader=ben", &decide)
        .json();
    assert_eq!(decided["places"][0]["decision"]["verdict"], "rejected");
    assert_eq!(decided["by"], "ben");
    let wanted = json!({ "whose": "consensus", "scans": "all" });
    let exported = served.post("api/export?reader=anna", &wanted).json();
    assert_eq!(
        (exported["scans"].clone(), exported["left_out"].clone()),
        (json!(1), json!([]))
    );
    let folder = std::path::PathBuf::from(exported["folder"].as_str().unwrap());
    let table =
        std::fs::read_to_string(folder.join("readings/sub-01_T2starw/lesions.csv")).unwrap();
    assert_eq!(table.lines().count(), 2, "{table}");
}

#[test]
fn what_is_exported_can_be_trained_on() {
    let served = serve_scan();
    say(
        &served,
        "anna",
        "anna-0001",
        json!("f1"),
        verdict("accepted"),
    );
    let wanted = json!({ "whose": "mine", "scans": [1] });
    let path = "api/export?reader=anna";
    let early = served.post(path, &wanted).json();
    let folder = std::path::PathBuf::from(early["folder"].as_str().unwrap());
    assert!(folder.starts_with(&served.review));
    assert!(
        !folder.join("dataset").exists(),
        "a scan that is not finished is nothing to learn from"
    );
    for file in [
        "lesions.json",
        "lesions.csv",
        "lesions.nii.gz",
        "forms.csv",
        "forms.json",
        "report.html",
        "report.pdf",
        "audit.csv",
    ] {
        assert!(
            folder.join("readings/sub-01_T2starw").join(file).is_file(),
            "{file}"
        );
    }
    say(
        &served,
        "anna",
        "anna-0002",
        json!("f2"),
        verdict("rejected"),
    );
    finish(&served, "anna");
    // Names are by the second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let exported = served.post(path, &wanted).json();
    let folder = std::path::PathBuf::from(exported["folder"].as_str().unwrap());
    let scans = labelled_scans(&folder.join("dataset")).unwrap();
    assert_eq!((scans.len(), scans[0].subject.as_str()), (1, "sub-01"));
    // The scorer reads a reading as it reads a detection.
    let read = LesionFile::Results(folder.join("readings/sub-01_T2starw"));
    let Lesions::Results { findings, .. } = read_lesions(&read, ReadLimits::default()).unwrap()
    else {
        panic!("a folder of results");
    };
    assert_eq!(findings.len(), 1);
    // The review's own folder holds no scans of the data it lies beside.
    assert_eq!(
        siderin_image::scan::expand_input(served.folder.path())
            .unwrap()
            .scans
            .len(),
        1
    );
}
