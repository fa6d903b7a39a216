//! The variety of formats, names and places.

use faultbook::source::{Budget, Limits, Progress, read};

use zip::write::SimpleFileOptions;

use crate::pack::{Found, gzip, noise, open, tar, zip, zip_with};

#[test]
fn all_members_of_a_gzip_are_one_text() {
    let found = open("a.gz", &[gzip(b"one\n"), gzip(b"two\n")].concat());
    assert_eq!(found.told(), [("a.gz", "one\ntwo\n")]);
}

#[test]
fn concatenated_tars_are_read_to_the_last() {
    let found = open("x.tar", &[tar(&[("a", b"a\n")]), tar(&[("b", b"b\n")]), vec![0; 10_240]].concat());
    assert_eq!(found.told(), [("x.tar::a", "a\n"), ("x.tar::b", "b\n")]);
    assert_eq!(found.notes, []);
}

#[test]
fn long_names_in_tars_are_whole() {
    let long = "directory/".repeat(30) + "a.log";
    let found = open("x.tar", &tar(&[(&long, b"a\n")]));
    assert_eq!(found.paths(), [long]);
}

#[test]
fn zips_may_be_stored_deflated_or_zstd() {
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated, zip::CompressionMethod::Zstd] {
        let options = SimpleFileOptions::default().compression_method(method);
        let text = noise(100_000);
        let found = open("x.zip", &zip_with(&[("a.log", &text)], options));
        assert_eq!((found.texts, found.notes), (vec![text], vec![]));
    }
}

#[test]
fn zips_in_their_large_form_are_read() {
    let options = SimpleFileOptions::default().large_file(true);
    let found = open("x.zip", &zip_with(&[("a.log", b"a\n"), ("b.log", b"b\n")], options));
    assert_eq!((found.texts.len(), found.notes), (2, vec![]));

    // More members than the small form can count.
    let names: Vec<String> = (0..70_000).map(|number| format!("{number}.log")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let found = open("x.zip", &zip_with(&members, options));
    assert_eq!((found.texts.len(), found.notes), (70_000, vec![]));
}

#[test]
fn a_zip_tells_when_a_member_was_modified() {
    let time = zip::DateTime::from_date_and_time(2024, 2, 29, 12, 30, 58).unwrap();
    let found = open("x.zip", &zip_with(&[("a", b"a")], SimpleFileOptions::default().last_modified_time(time)));
    assert_eq!(found.sources[0].modified.unwrap().to_string(), "2024-02-29T12:30:58Z");
}

#[test]
fn names_from_archives_are_only_names() {
    let bytes = zip(&[("../../etc/passwd", b"a"), ("/etc/shadow", b"b"), ("dir\\c.log", b"c"), ("\x1b[2J", b"d")]);
    let found = open("x.zip", &bytes);
    assert_eq!(found.paths(), ["../../etc/passwd", "/etc/shadow", "dir/c.log", "\x1b[2J"]);
}

#[test]
fn files_on_disk_are_opened_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let text = noise(200_000);
    let paths = [put("x.zip", &zip(&[("a.log", &text)])), put("y.tgz", &gzip(&tar(&[("a.log", &text)])))];
    let (cases, notes) = faultbook::source::cases(&paths);
    assert_eq!(notes, []);
    for case in cases {
        for part in case.parts {
            let mut found = Found::default();
            read(part, &Limits::default(), &Budget::new(), &Progress::new(), &mut found);
            assert_eq!((found.paths(), &found.texts, &found.notes), (vec!["a.log"], &vec![text.clone()], &vec![]));
        }
    }
}

#[test]
fn an_archive_in_a_folder_with_facts_keeps_its_own_name_in_paths() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("facts.yaml"), "facts: {}\n").unwrap();
    std::fs::write(folder.path().join("sub/x.tar"), tar(&[("a.log", b"a\n")])).unwrap();
    let (mut cases, _) = faultbook::source::cases(&[folder.path().to_owned()]);
    let mut found = Found::default();
    for part in cases.remove(0).parts {
        read(part, &Limits::default(), &Budget::new(), &Progress::new(), &mut found);
    }
    assert_eq!(found.paths(), ["facts.yaml", "sub/x.tar::a.log"]);
    assert!(found.sources[1].name.ends_with("/sub/x.tar::a.log"));
}
