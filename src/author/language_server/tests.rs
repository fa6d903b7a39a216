//! Completion, hover and definitions over rules in a folder.

use crate::author::language_server::{OpenFile, complete, definition, hover};
use crate::rule::Code;
use crate::rule::authored::AuthoredFile;
use crate::rule::desk::Desk;
use crate::rule::file::RuleFile;

const RULE: &str = "\
id: mail-full
title: Mailbox is full
related: [mail-off]
signatures:
  full:
    regex: 'mailbox (?<user>\\w+) of (?<host>\\w+) is full'
  gone:
    regex: 'host (?<host>\\w+) gone'
facts:
  quota:
    about: bytes that are allowed
    type: one-of
    values: [small, large]
condition: full and not gone
cause: |
  {{ user }} has too much.
resolution:
  - title: Delete
    when: quota == 'small'
    text: Delete mails of {{ user|upper }}.
  - title: Grow
    when: quota == 'large'
    template: grow.md
tests:
  - name: full
    text: mailbox joe of m1 is full
    facts: { quota: small }
    expect: { captures: { user: joe }, resolution: [Delete] }
  - name: other
    text: mailbox joe of m1 is fuller
    expect: nothing
";

struct Folder {
    desk: Desk,
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("written");
        std::fs::create_dir(folder.path().join("templates")).expect("made");
        write("full.yaml", RULE);
        write("off.yaml", "id: mail-off\ntitle: Mail is off\nsignatures:\n  s: { contains: off }\nresolution: r\n");
        write("templates/grow.md", "Grow {{ quota }} for {{ user }}.");
        Self { desk: Desk::load(vec![folder.path().to_owned()], Vec::new()), folder }
    }

    /// Asks at the `^` of the rule with a part replaced.
    fn ask<T>(&self, from: &str, to: &str, ask: impl Fn(&OpenFile<'_>, usize) -> T) -> T {
        assert_eq!(RULE.matches(from).count(), 1, "{from}");
        self.ask_in("full.yaml", &RULE.replace(from, to), ask)
    }

    fn ask_in<T>(&self, path: &str, marked: &str, ask: impl Fn(&OpenFile<'_>, usize) -> T) -> T {
        let offset = marked.find('^').expect("a mark");
        let text = marked.replacen('^', "", 1);
        let path = self.folder.path().join(path);
        ask(&OpenFile { desk: &self.desk, path: &path, text: &text }, offset)
    }

    fn labels(&self, from: &str, to: &str) -> Vec<String> {
        self.ask(from, to, |file, at| complete(file, at).items.into_iter().map(|item| item.label).collect())
    }

    fn hover(&self, from: &str, to: &str) -> String {
        self.ask(from, to, |file, at| hover(file, at).map(|hover| hover.text).unwrap_or_default())
    }

    fn target(&self, from: &str, to: &str) -> String {
        let found = self.ask(from, to, definition);
        let told = found.iter().map(|target| {
            let text = std::fs::read_to_string(&target.path).expect("read");
            let name = target.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            format!("{name}: {}", &text[target.span.range()])
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

#[test]
fn keys_and_words_are_offered_where_they_may_stand() {
    let folder = Folder::new();
    let top = folder.labels("title: Mailbox is full", "title: Mailbox is full\nse^");
    assert!(top.contains(&"severity".to_owned()) && !top.contains(&"cause".to_owned()), "{top:?}");
    assert_eq!(folder.labels("id: mail-full", "id: mail-full\nseverity: ^")[..2], ["ok", "info"]);
    assert!(folder.labels("    type: one-of", "    type: ^").contains(&"boolean".to_owned()));
    assert!(folder.labels("  gone:", "    ^\n  gone:").contains(&"optional".to_owned()));
    assert!(folder.labels("    about: bytes that are allowed", "    d^").contains(&"derive".to_owned()));
    let branch = folder.labels("  - title: Grow\n", "  - title: Grow\n    ^\n");
    assert_eq!(branch, ["text"], "the other keys are there");
    assert!(folder.labels("  - title: Delete\n", "  - ^\n    title: Delete\n").contains(&"template".to_owned()));
    assert_eq!(folder.labels("facts: { quota: small }", "facts: { ^ }"), ["quota"]);
    assert_eq!(folder.labels("facts: { quota: small }", "facts: { quota: ^ }"), ["small", "large", "null"]);
    assert_eq!(folder.labels("captures: { user: joe }", "captures: { ^ }")[0], "user");
    assert_eq!(folder.labels("resolution: [Delete]", "resolution: [^]"), ["Delete", "Grow"]);
    assert_eq!(folder.labels("expect: nothing", "expect: ^"), ["nothing"]);
    assert_eq!(folder.labels("related: [mail-off]", "related: [^]"), ["mail-off"]);
    assert_eq!(folder.labels("template: grow.md", "template: ^"), ["grow.md"]);
    assert_eq!(folder.labels("id: mail-full", "id: mail-full\nidentity: [^]"), ["user", "host"]);
}

#[test]
fn names_tests_and_filters_are_offered_in_expressions_and_texts() {
    let folder = Folder::new();
    let condition = folder.labels("full and not gone", "^");
    assert_eq!(condition[..4], ["user", "full.host", "gone.host", "quota"]);
    assert!(["full", "gone", "and", "is"].iter().all(|name| condition.contains(&(*name).to_owned())));
    assert!(folder.labels("full and not gone", "user is ^").contains(&"version".to_owned()));
    assert!(folder.labels("full and not gone", "user is not m^").contains(&"matching".to_owned()));
    assert_eq!(folder.labels("full and not gone", "full.^")[..3], ["user", "host", "count"]);
    assert!(folder.labels("full and not gone", "user == 'f^'").is_empty(), "in quotes");
    assert!(folder.labels("{{ user|upper }}", "{{ user|^ }}").contains(&"lower".to_owned()));
    assert!(folder.labels("{{ user|upper }}", "{{ ^").contains(&"user".to_owned()));
    assert!(folder.labels("{{ user|upper }}", "{% ^").contains(&"if".to_owned()));
    assert!(folder.labels("{{ user|upper }}", "{{ user }} ^").is_empty(), "outside of tags");
    let template = |file: &OpenFile<'_>, at| complete(file, at).items.into_iter().map(|item| item.label).collect();
    let offered: Vec<String> = folder.ask_in("templates/grow.md", "Grow {{ q^", template);
    assert!(offered.contains(&"quota".to_owned()), "the names of the rule that uses it");
}

#[test]
fn what_is_known_is_told() {
    let folder = Folder::new();
    assert!(folder.hover("title: Mailbox", "ti^tle: Mailbox").contains("the failure in one line"));
    let regex = folder.hover("'mailbox (", "'mail^box (");
    assert!(regex.contains("- full: `user` = `joe`, `host` = `m1`") && regex.contains("- other: `user`"), "{regex}");
    let signature = folder.hover("  gone:", "  go^ne:");
    assert!(signature.contains("no match"), "{signature}");
    let condition = folder.hover("full and not gone", "fu^ll and not gone");
    assert!(condition.starts_with("signature `full`"), "{condition}");
    let fact = folder.hover("quota == 'small'", "quo^ta == 'small'");
    assert!(fact.contains("bytes that are allowed") && fact.contains("`small`, `large`"), "{fact}");
    let capture = folder.hover("{{ user }}", "{{ us^er }}");
    assert!(capture.contains("capture `user` of the signature `full`") && capture.contains("`joe`"), "{capture}");
    assert!(folder.hover("related: [mail-off]", "related: [mail^-off]").contains("Mail is off"));
    let in_template =
        folder.ask_in("templates/grow.md", "Grow {{ quo^ta", |file, at| hover(file, at).map(|one| one.text));
    assert!(in_template.is_some_and(|text| text.contains("bytes that are allowed")));
    assert_eq!(folder.hover("{{ user }} has", "{{ user }} h^as"), "");
}

#[test]
fn values_from_samples_are_no_markdown() {
    let folder = Folder::new();
    let marked = RULE
        .replace("(?<user>\\w+)", "(?<us^er>\\S+)")
        .replace("mailbox joe of m1 is full\n", "mailbox a`b``[x](y) of m1 is full\n");
    let told = folder.ask_in("full.yaml", &marked, |file, at| hover(file, at).map(|hover| hover.text));
    assert!(told.is_some_and(|text| text.contains("``` a`b``[x](y) ```")));
}

#[test]
fn definitions_are_found_in_this_file_and_others() {
    let folder = Folder::new();
    assert_eq!(folder.target("full and not gone", "full and not go^ne"), "full.yaml: gone");
    assert_eq!(folder.target("{{ user }}", "{{ us^er }}"), "full.yaml: user");
    assert_eq!(folder.target("quota == 'large'", "quo^ta == 'large'"), "full.yaml: quota");
    assert_eq!(folder.target("related: [mail-off]", "related: [mail^-off]"), "off.yaml: mail-off");
    assert_eq!(folder.target("template: grow.md", "template: gro^w.md"), "grow.md: ");
    assert_eq!(folder.target("title: Mailbox is full", "title: Mail^box is full"), "");
    let found = folder.ask_in("templates/grow.md", "Grow {{ us^er }}", definition);
    assert_eq!(found.len(), 1);
}

#[test]
fn patterns_are_offered_told_of_and_found() {
    let folder = Folder::new();
    let settings = folder.folder.path().join("faultbook.yaml");
    std::fs::write(&settings, "patterns:\n  TICKET: 'T-[0-9]+'\n").expect("written");
    let desk = Desk::load(vec![folder.folder.path().to_owned()], Vec::new());
    let folder = Folder { desk, ..folder };
    let offered = folder.labels("'host (?<host>", "'%{^ (?<host>");
    assert!(offered[0] == "TICKET" && offered.contains(&"IPV4".to_owned()));
    assert!(folder.hover("'host (?<host>", "'%{IP^V4:ip} (?<host>").starts_with("pattern `IPV4`"));
    assert!(folder.hover("'host (?<host>", "'%{TICK^ET} (?<host>").contains("`T-[0-9]+`"));
    let regex = folder.hover("'mailbox (?<user>\\w+)", "'ma^ilbox %{WORD:user}");
    assert!(regex.contains("`user` = `joe`"), "{regex}");
    assert_eq!(folder.target("'host (?<host>", "'%{TICK^ET} (?<host>"), "faultbook.yaml: TICKET");
    assert!(folder.labels("full and not gone", "full and user^").contains(&"user".to_owned()));
}

#[test]
fn correlations_are_offered_what_they_may_name() {
    let folder = Folder::new();
    let correlation = |text: &str| folder.labels("facts:\n", &format!("correlations:\n  burst:\n    {text}\nfacts:\n"));
    assert!(correlation("type: ^").contains(&"event_count".to_owned()));
    assert_eq!(correlation("signatures: [^]"), ["full", "gone"]);
    assert!(correlation("group_by: [^]").contains(&"user".to_owned()));
    assert!(correlation("time^").contains(&"timespan".to_owned()));
    let condition = folder.labels("condition: full and not gone", "correlations: { burst: {} }\ncondition: ^");
    assert!(condition.contains(&"burst".to_owned()));
}

#[test]
fn settings_have_their_own_keys() {
    let folder = Folder::new();
    let labels = |text: &str| -> Vec<String> {
        folder.ask_in("faultbook.yaml", text, |file, at| {
            complete(file, at).items.into_iter().map(|item| item.label).collect()
        })
    };
    assert!(labels("^").contains(&"sources".to_owned()));
    assert!(labels("sources:\n  - path: x\n    ^").contains(&"encoding".to_owned()));
    assert!(labels("patterns:\n  TICKET: '%{^'").contains(&"IPV4".to_owned()));
    assert!(labels("limits: { d^ }").contains(&"depth".to_owned()));
    assert!(labels("defaults:\n  audience: ^").contains(&"public".to_owned()));
}

#[test]
fn overlays_are_offered_keys_rules_and_tags() {
    let folder = Folder::new();
    let labels = |text: &str| -> Vec<String> {
        folder.ask_in("overlay.yaml", text, |file, at| {
            complete(file, at).items.into_iter().map(|item| item.insert).collect()
        })
    };
    assert_eq!(labels("^"), ["rules: ", "tags: ", "noise: "]);
    assert_eq!(labels("rules:\n  mail-^"), ["mail-full:", "mail-off:"]);
    assert_eq!(labels("rules:\n  mail-off: { off: true }\n  mail^"), ["mail-full:"], "each once");
    assert!(labels("rules:\n  mail-off:\n    ^").contains(&"severity: ".to_owned()));
    assert!(labels("rules:\n  mail-off:\n    severity: ^").contains(&"critical".to_owned()));
    assert!(labels("noise:\n  - regex: '%{^'").contains(&"IPV4}".to_owned()));
    let hover = |text: &str| folder.ask_in("overlay.yaml", text, |file, at| hover(file, at).map(|hover| hover.text));
    assert_eq!(
        hover("rules:\n  mail-o^ff: { off: true }\n").as_deref(),
        Some("`mail-off`: **Mail is off** (error, draft)")
    );
    assert!(hover("rules:\n  mail-off: { of^f: true }\n").is_some_and(|text| text.contains("not looked for")));
    let target = folder.ask_in("overlay.yaml", "rules:\n  mail-o^ff: { off: true }\n", definition);
    assert!(target.first().is_some_and(|target| target.path.ends_with("off.yaml")));
}

#[test]
fn no_place_of_an_unfinished_file_is_too_much() {
    let folder = Folder::new();
    let path = folder.folder.path().join("full.yaml");
    for end in (0..RULE.len()).step_by(7) {
        let text = format!("{}😀", &RULE[..end]);
        let file = OpenFile { desk: &folder.desk, path: &path, text: &text };
        for offset in [0, end / 2, end.saturating_sub(1), end, end + 1, end + 3, end + 99] {
            let _ = (complete(&file, offset), hover(&file, offset), definition(&file, offset));
        }
    }
}

#[test]
fn a_suggested_word_is_an_edit() {
    let desk = Folder::new().desk;
    assert!(desk.find("mail-off").is_some());
    let file = std::sync::Arc::new(AuthoredFile::new("x.yaml", "id: a\nseverty: error\n"));
    let (_, faults) = RuleFile::read(std::sync::Arc::clone(&file));
    let fault = faults.iter().find(|fault| fault.code == Code::UnknownKey).expect("told");
    let (edit, is_certain) = super::fix_of(fault).expect("an edit");
    assert_eq!((file.slice(edit.span), edit.replacement.as_str(), is_certain), ("severty", "severity", true));
    let mut unsure = fault.clone();
    unsure.fix = None;
    let (edit, is_certain) = super::fix_of(&unsure).expect("an edit");
    assert_eq!((file.slice(edit.span), edit.replacement.as_str(), is_certain), ("severty", "severity", false));
}

#[test]
fn files_and_macros_that_a_text_takes_in_are_offered_and_found() {
    let folder = Folder::new();
    let macros = folder.folder.path().join("templates/m.md");
    std::fs::write(&macros, "{% macro free(share, size=1) %}{{ share }}{% endmacro %}").expect("written");
    let text = |written: &str| format!("  {written} {{{{ user }}}} has too much.");
    let labels = |written: &str| folder.labels("  {{ user }} has too much.", &text(written));
    assert_eq!(labels("{% include '^' %}"), ["grow.md", "m.md"]);
    assert_eq!(labels("{% from \"m^"), ["grow.md", "m.md"]);
    assert_eq!(labels("{% from 'm.md' import ^ %}"), ["free"]);
    assert_eq!(labels("{% import 'm.md' as m %}{{ m.^ }}"), ["free"]);
    assert_eq!(labels("{% from 'm.md' import free as f %}{{ ^ }}")[..2], ["f", "user"]);
    assert!(labels("{% ^").contains(&"include".to_owned()));
    let target = |written: &str| folder.target("  {{ user }} has too much.", &text(written));
    assert_eq!(target("{% include 'gr^ow.md' %}"), "grow.md: ");
    assert_eq!(target("{% from 'm.md' import fr^ee %}"), "m.md: free");
    assert_eq!(target("{% from 'm.md' import free as f %}{{ f^(1) }}"), "m.md: free");
    assert_eq!(target("{% import 'm.md' as m %}{{ m.fr^ee(1) }}"), "m.md: free");
    let in_template = folder.ask_in("templates/grow.md", "{% include 'm^.md' %}", definition);
    assert_eq!(in_template.len(), 1);
}

#[test]
fn what_captures_mean_is_told() {
    let folder = Folder::new();
    let documented = |mark: &str| {
        let regex = "    regex: 'host (?<host>\\w+) gone'\n";
        let marked = RULE.replace(regex, &format!("{regex}    captures: {{ {mark}: where it was }}\n"));
        folder.ask_in("full.yaml", &marked, |file, at| hover(file, at).map(|hover| hover.text).unwrap_or_default())
    };
    assert!(documented("ho^st").contains("capture `host` of the signature `gone`\n\nwhere it was"));
    assert_eq!(folder.labels("  gone:", "    captures: { ^ }\n  gone:"), ["user", "host"]);
}
