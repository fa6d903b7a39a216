//! The README keeps its promises: its example rule is sound, its commands work on it, its sample output is what comes out.

use std::fs;

const README: &str = include_str!("../README.md");

fn faultbook(folder: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("faultbook"));
    command.current_dir(folder).args(arguments).output().expect("runs")
}

fn example_rule() -> &'static str {
    let rule = README.split("```yaml\n").find(|block| block.starts_with("id: backup-disk-full")).expect("the example");
    rule.split("```").next().expect("its end")
}

#[test]
fn the_example_rule_passes_the_commands_below_it() {
    let rule = example_rule();
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("my-rules")).expect("created");
    fs::write(folder.path().join("my-rules/disk.yaml"), rule).expect("written");
    let run = |arguments: &[&str]| faultbook(folder.path(), arguments);
    assert_eq!(run(&["check", "--deny", "warnings", "my-rules"]).status.code(), Some(0));
    assert_eq!(run(&["test", "--rules", "my-rules"]).status.code(), Some(0));
    let answer = run(&["answer", "--rules", "my-rules", "backup of /srv/mail failed: No space left on device"]);
    let answer = String::from_utf8(answer.stdout).expect("UTF-8");
    assert!(
        answer.contains("Are snapshots kept on the backup disk?") && answer.contains("snapctl list /srv/mail"),
        "{answer}"
    );
}

#[test]
fn the_sample_explanation_is_what_the_command_prints() {
    let shown = README.split("```\n").find(|block| block.starts_with("$ echo ")).expect("the example");
    let mut lines = shown.lines();
    let (echo, explain) = (lines.next().expect("two commands"), lines.next().expect("two commands"));
    let (text, file) = echo.trim_start_matches("$ echo '").split_once("' > ").expect("a text and a file");
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("my-rules")).expect("created");
    fs::write(folder.path().join("my-rules/disk.yaml"), example_rule()).expect("written");
    fs::write(folder.path().join(file), format!("{text}\n")).expect("written");
    let arguments: Vec<&str> = explain.trim_start_matches("$ faultbook ").split(' ').collect();
    let printed = String::from_utf8(faultbook(folder.path(), &arguments).stdout).expect("UTF-8");
    assert_eq!(printed.trim_end(), lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_sample_output_is_what_the_command_prints() {
    let sample = README.split("```").nth(1).expect("the first block");
    let (command, shown) = sample.trim_start().split_once('\n').expect("a command and its output");
    let arguments: Vec<&str> = command.trim_start_matches("$ faultbook ").split(' ').collect();
    let printed = faultbook(env!("CARGO_MANIFEST_DIR").as_ref(), &arguments).stdout;
    let printed = String::from_utf8(printed).expect("UTF-8");
    for part in shown.split('…').map(|part| part.trim_matches([' ', '\n'])) {
        assert!(printed.contains(part), "{part:?} is not in what `{command}` prints:\n{printed}");
    }
}
