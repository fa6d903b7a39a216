//! Rotated files are one stream: findings tell them from the oldest to the current one, in whatever order an archive has them.

#[path = "pack/mod.rs"]
mod pack;

use std::fs;
use std::path::Path;

use faultbook::diagnose::collect::VALUE_LIMIT;
use faultbook::diagnose::evidence::SOURCE_LIMIT;
use serde_json::Value;

use pack::gzip;

/// One failure for each disk, and one for all.
const RULES: [(&str, &str); 2] = [
    ("each.yaml", "id: EACH\ntitle: t\nsignatures:\n  broken:\n    regex: 'disk (?<disk>\\S+) broken'\n"),
    ("all.yaml", "id: ALL\ntitle: t\nsignatures:\n  broken:\n    regex: 'disk (?<disk>\\S+) broken'\nidentity: []\n"),
];

type Members<'m> = [(&'m str, &'m [u8])];

/// A tar whose members do not say when they were modified.
fn tar(members: &Members<'_>) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).expect("appended");
    }
    builder.into_inner().expect("a tar")
}

/// The findings in the case at `path`, which lies in `root` beside the rules.
fn triaged(root: &Path, path: &str, options: &[&str]) -> Vec<Value> {
    let rules = root.join("rules");
    fs::create_dir_all(&rules).expect("a folder");
    for (name, text) in RULES {
        fs::write(rules.join(name), text).expect("written");
    }
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("faultbook"));
    command.current_dir(root).args(["triage", "--brief", "--format", "json", "--rules", "rules", path]).args(options);
    let output = command.output().expect("runs");
    let mut document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["notes"], serde_json::json!([]));
    serde_json::from_value(document["findings"].take()).expect("a list")
}

fn triaged_tar(members: &Members<'_>) -> Vec<Value> {
    let root = tempfile::tempdir().expect("a folder");
    fs::write(root.path().join("case.tar"), tar(members)).expect("written");
    triaged(root.path(), "case.tar", &[])
}

/// The one finding of the rule for all disks.
fn of_all(findings: &[Value]) -> &Value {
    findings.iter().find(|finding| finding["rule"] == "ALL").expect("a finding")
}

fn sources(finding: &Value) -> Vec<&str> {
    finding["evidence"].as_array().expect("a list").iter().filter_map(|entry| entry["source"].as_str()).collect()
}

/// Every order of the members.
fn permutations<'m>(members: &Members<'m>) -> Vec<Vec<(&'m str, &'m [u8])>> {
    let Some((first, rest)) = members.split_first() else {
        return vec![Vec::new()];
    };
    let with_first = |others: Vec<(&'m str, &'m [u8])>| {
        (0..=others.len()).map(move |at| {
            let mut all = others.clone();
            all.insert(at, *first);
            all
        })
    };
    permutations(rest).into_iter().flat_map(with_first).collect()
}

#[test]
fn the_order_in_an_archive_does_not_matter() {
    let oldest = gzip(b"2026-01-01 10:00:00 disk c broken\n2026-01-01 11:00:00 disk a broken\n");
    let members: [(&str, &[u8]); 3] = [
        ("var/log/x.log.2.gz", &oldest),
        ("var/log/x.log.1", b"2026-01-02 10:00:00 disk b broken\n2026-01-02 11:00:00 disk c broken\n"),
        ("var/log/x.log", b"2026-01-03 10:00:00 disk a broken\n2026-01-03 11:00:00 disk b broken\n"),
    ];
    let unrelated: (&str, &[u8]) = ("var/log/y.log", b"2026-01-02 12:00:00 disk a broken\n");
    let in_order = triaged_tar(&[members[0], members[1], members[2], unrelated]);

    let all = of_all(&in_order);
    let paths = ["x.log.2.gz", "x.log.1", "x.log", "y.log"].map(|name| format!("case.tar::var/log/{name}"));
    assert_eq!(sources(all), paths);
    assert_eq!(all["evidence"][0]["record"], "2026-01-01 10:00:00 disk c broken");
    assert_eq!((&all["first"], &all["last"]), (&"2026-01-01T10:00:00Z".into(), &"2026-01-03T11:00:00Z".into()));
    assert_eq!(all["captures"]["disk"], serde_json::json!(["c", "a", "b"]));
    let disks: Vec<_> = in_order.iter().filter(|finding| finding["rule"] == "EACH").collect();
    assert_eq!(disks.iter().map(|finding| &finding["captures"]["disk"]).collect::<Vec<_>>(), ["c", "a", "b"]);

    for mut order in permutations(&members) {
        order.push(unrelated);
        let names: Vec<_> = order.iter().map(|(name, _)| *name).collect();
        assert_eq!(triaged_tar(&order), in_order, "{names:?}");
    }
    let between = triaged_tar(&[members[2], unrelated, members[0], members[1]]);
    assert_eq!(between, in_order, "a stream stands where its first file does");
}

#[test]
fn the_order_of_evidence_does_not_depend_on_other_rules() {
    let root = tempfile::tempdir().expect("a folder");
    let members: [(&str, &[u8]); 3] =
        [("x.log.1", b"nothing\n"), ("y.log", b"disk a broken\n"), ("x.log", b"disk a broken\n")];
    fs::write(root.path().join("case.tar"), tar(&members)).expect("written");
    let found = triaged(root.path(), "case.tar", &["--rule", "ALL"]);
    assert_eq!(sources(of_all(&found)), ["case.tar::x.log", "case.tar::y.log"]);
}

#[test]
fn what_is_kept_of_many_files_does_not_depend_on_their_order() {
    let texts: Vec<(String, String)> = (0..SOURCE_LIMIT + 10)
        .map(|number| (format!("x.log.{number}"), format!("disk d{number} broken\ndisk d{} broken\n", number + 1)))
        .collect();
    let mut members: Vec<(&str, &[u8])> = texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let forward = triaged_tar(&members);
    members.reverse();
    let backward = triaged_tar(&members);
    members.rotate_left(SOURCE_LIMIT / 2);
    let turned = triaged_tar(&members);
    assert_eq!(forward, backward);
    assert_eq!(forward, turned);

    let all = of_all(&forward);
    assert_eq!(sources(all).len(), SOURCE_LIMIT);
    assert_eq!(sources(all)[..2], ["case.tar::x.log.59", "case.tar::x.log.58"]);
    assert_eq!(all["more_sources"], 10);
    assert_eq!(all["count"], 2 * (SOURCE_LIMIT + 10));
    let disks = all["captures"]["disk"].as_array().expect("a list");
    assert_eq!((disks.len(), &disks[0], &disks[1]), (VALUE_LIMIT + 1, &"d59".into(), &"d60".into()));
}

#[test]
fn a_year_that_ended_between_two_files_is_no_year_of_a_failure() {
    let members: [(&str, &[u8]); 3] = [
        ("messages", b"Jan  2 08:00:00 host app: disk a broken\n"),
        ("messages.1", b"disk a broken, said before any time\n"),
        ("messages.2", b"Dec 30 08:00:00 host app: disk a broken\nJan  1 08:00:00 host app: disk a broken\n"),
    ];
    for order in permutations(&members) {
        let found = triaged_tar(&order);
        let all = of_all(&found);
        assert_eq!((&all["first"], &all["last"]), (&"--12-30T08:00:00".into(), &"--01-02T08:00:00".into()));
    }
}

#[test]
fn the_files_of_a_folder_are_told_from_the_oldest() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("case");
    fs::create_dir(&folder).expect("a folder");
    for (name, text) in [
        ("app.log", "2026-01-04 10:00:00 disk a broken\n"),
        ("x-2026-01-02-2.log", "2026-01-02 10:00:00 disk b broken\n"),
        ("x-2026-01-02-10.log", "2026-01-02 11:00:00 disk c broken\n"),
        ("x.log", "2026-01-03 10:00:00 disk d broken\n"),
        ("y.log.9", "disk f broken\n"),
        ("y.log.10", "disk e broken\n"),
    ] {
        fs::write(folder.join(name), text).expect("written");
    }
    let found = triaged(root.path(), "case", &[]);
    let names = ["app.log", "x-2026-01-02-2.log", "x-2026-01-02-10.log", "x.log", "y.log.10", "y.log.9"];
    assert_eq!(sources(of_all(&found)), names.map(|name| format!("case/{name}")));
    assert_eq!(of_all(&found)["captures"]["disk"], serde_json::json!(["a", "b", "c", "d", "e", "f"]));
    assert_eq!(of_all(&found)["first"], "2026-01-02T10:00:00Z");
}
