//! Subscriptions to changes of articles, with a mail server that listens.

use serde_json::json;

use crate::smtp::{Manner, Smtp};
use crate::{Portal, RULE, Reply, eventually, replace};

const ADA: &str = "ada@example.org";
const BOB: &str = "bob@example.org";
const SUBSCRIPTIONS: &str = "/api/v1/articles/DISK/subscriptions";

fn with_mail(smtp: &Smtp) -> Portal {
    with_mail_at(&smtp.url(), &[])
}

fn with_mail_at(url: &str, arguments: &[&str]) -> Portal {
    let mail =
        ["--mail-server", url, "--mail-from", "Help <kb@example.com>", "--public-address", "https://help.example.com/"];
    Portal::with_rules(&[("disk.yaml", RULE)], &[&mail, arguments].concat())
}

fn subscribe(portal: &Portal, email: &str) -> Reply {
    portal.post_json(SUBSCRIPTIONS, &json!({ "email": email }))
}

/// Subscribes, and presses the button on the page that the mail links to.
fn subscribed(portal: &Portal, smtp: &Smtp, email: &str) {
    assert_eq!(subscribe(portal, email).status, 202);
    let link = smtp.wait(email, 1).link("/subscriptions/confirm");
    assert_eq!(portal.send("POST", &link, &[], "").status, 200);
}

fn edit(portal: &Portal, cause: &str) {
    replace(&portal.rules().join("disk.yaml"), &RULE.replace("Nothing is left", cause));
}

/// The address of the database that a portal uses.
fn database(portal: &Portal) -> String {
    let mut arguments = portal.arguments.iter().skip_while(|argument| *argument != "--database");
    let beside = || format!("sqlite:{}", portal.folder.path().join("faultbook.db").display());
    arguments.nth(1).cloned().unwrap_or_else(beside)
}

/// Asks the database, as somebody beside the portal may.
fn sql(portal: &Portal, statement: &str) -> u64 {
    let database = database(portal);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&database).await.unwrap();
        let done = sqlx::query(statement).execute(&pool).await.unwrap().rows_affected();
        pool.close().await;
        done
    })
}

const END_CLAIMS: &str = "UPDATE mails SET due = 0 WHERE state IN ('sending', 'delivering')";

/// As if the time were over for which the process that was killed had its mails.
fn end_claims(portal: &Portal) {
    assert_eq!(sql(portal, END_CLAIMS), 1);
}

#[test]
fn from_asking_to_the_last_mail() {
    let smtp = Smtp::start();
    let portal = with_mail(&smtp);
    assert_eq!(subscribe(&portal, " Ada@Example.ORG").status, 202);
    let mail = smtp.wait(ADA, 1);
    assert_eq!(mail.from, "kb@example.com");
    assert_eq!(mail.header("Subject"), "Confirm your subscription to DISK: The disk is full");
    assert_eq!(mail.header("To"), ADA);
    assert_eq!(mail.header("List-Unsubscribe"), "");
    assert!(mail.plain().contains("https://help.example.com/articles/DISK"), "{}", mail.plain());
    assert!(mail.data.contains("text/plain") && mail.data.contains("text/html"), "{}", mail.data);

    // a link that somebody's program follows confirms nothing
    let link = mail.link("/subscriptions/confirm");
    let page = portal.get(&link);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(page.body.contains("<form method=\"post\">") && page.body.contains("The disk is full"), "{}", page.body);
    assert_eq!(sql(&portal, "UPDATE subscriptions SET state = state WHERE state = 'confirmed'"), 0);
    for _ in 0..2 {
        assert_eq!(portal.send("POST", &link, &[], "").status, 200);
    }
    // from the page of the article, without a script
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let reply = portal.send("POST", "/articles/DISK/subscriptions", &form, "email=bob%40example.org");
    assert_eq!((reply.status, reply.header("location")), (303, "/articles/DISK?subscribed=1"));
    let link = smtp.wait(BOB, 1).link("/subscriptions/confirm");
    assert_eq!(portal.send("POST", &link, &[], "").status, 200);

    edit(&portal, "Not a byte is left");
    let mail = smtp.wait(ADA, 2);
    assert_eq!(mail.header("Subject"), "Changed: DISK: The disk is full");
    let plain = mail.plain();
    assert!(plain.contains("\r\n- Nothing is left on <disk>.\r\n+ Not a byte is left on <disk>.\r\n"), "{plain}");
    assert!(plain.contains("Not a byte is left on &lt;disk&gt;."), "{plain}");
    smtp.wait(BOB, 2);

    // one click, as mail programs do it
    let link = mail.link("/subscriptions/end");
    assert_eq!(mail.header("List-Unsubscribe"), format!("<https://help.example.com{link}>"));
    assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert!(portal.get(&link).body.contains("End the subscription"));
    assert_eq!(portal.get(&link).status, 200);
    for _ in 0..2 {
        // webmail may say where it is
        let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://mail.test")];
        assert_eq!(portal.send("POST", &format!("{link}&from=mail"), &form, "List-Unsubscribe=One-Click").status, 200);
    }
    edit(&portal, "Hardly a byte is left");
    smtp.wait(BOB, 3);
    edit(&portal, "No byte at all is left");
    smtp.wait(BOB, 4);
    assert_eq!(smtp.to(ADA).len(), 2);
    let metrics = portal.get("/metrics").body;
    assert!(metrics.contains("faultbook_mails_total{outcome=\"sent\"} "), "{metrics}");
}

#[test]
fn what_an_article_was_before_is_no_news() {
    let smtp = Smtp::start();
    let portal = with_mail(&smtp);
    subscribed(&portal, &smtp, ADA);
    edit(&portal, "Not a byte is left");
    smtp.wait(ADA, 2);
    let feed = "/feeds/articles/DISK.atom";
    let new = portal.get(feed).body;
    edit(&portal, "Nothing is left");
    eventually("the old rule", || (portal.get(feed).body != new).then_some(()));
    edit(&portal, "Not a byte is left");
    eventually("the new rule", || (portal.get(feed).body == new).then_some(()));
    // how the file is laid out is nobody's business
    replace(
        &portal.rules().join("disk.yaml"),
        &RULE
            .replace("Nothing is left", "Not a byte is left")
            .replace("title: The disk is full", "title: 'The disk is full' # so"),
    );
    edit(&portal, "Hardly a byte is left");
    smtp.wait(ADA, 3);
    assert_eq!(smtp.to(ADA).len(), 3);
}

#[test]
fn nobody_learns_who_is_subscribed_and_nobody_is_flooded() {
    let smtp = Smtp::start();
    let portal = with_mail(&smtp);
    let first = subscribe(&portal, BOB);
    smtp.wait(BOB, 1);
    let link = smtp.wait(BOB, 1).link("/subscriptions/confirm");
    assert_eq!(portal.send("POST", &link, &[], "").status, 200);
    let again = subscribe(&portal, BOB);
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    for _ in 0..12 {
        assert_eq!(subscribe(&portal, "Ada@example.org").body, first.body);
    }
    // five in each hour of the clock, which may turn just now
    eventually("five mails", || (smtp.to(ADA).len() >= 5).then_some(()));
    subscribed(&portal, &smtp, "eve@example.org");
    assert!([5, 10].contains(&smtp.to(ADA).len()), "{}", smtp.to(ADA).len());
    assert_eq!(smtp.to(BOB).len(), 1);
    // every link works
    let links: Vec<String> = smtp.to(ADA).iter().map(|mail| mail.link("/subscriptions/confirm")).collect();
    assert!(links.iter().all(|link| portal.send("POST", link, &[], "").status == 200));

    let refused =
        (0..30).map(|n| subscribe(&portal, &format!("a{n}@example.org")).status).find(|status| *status != 202);
    assert_eq!(refused, Some(429));
}

#[test]
fn what_is_no_address_or_no_public_article_is_refused() {
    let smtp = Smtp::start();
    let portal = with_mail(&smtp);
    std::fs::write(
        portal.rules().join("secret.yaml"),
        RULE.replace("audience: public", "audience: partner").replace("DISK", "SECRET"),
    )
    .unwrap();
    for email in
        ["", "ada", "ada@example.org\r\nBcc: bob@example.org", "ada@example.org\nDATA", "a@b.c>\r\nRCPT TO:<d@e.f"]
    {
        let reply = subscribe(&portal, email);
        assert_eq!((reply.status, reply.header("content-type")), (400, "application/problem+json"), "{email}");
        assert!(!reply.body.contains("bob@"), "{}", reply.body);
    }
    for id in ["NONE", "SECRET", "%2e%2e"] {
        let reply = portal.post_json(&SUBSCRIPTIONS.replace("DISK", id), &json!({ "email": ADA }));
        assert_eq!(reply.status, 404, "{id}");
    }
    for body in ["", "[]", "{}", r#"{"email":"ada@example.org","more":1}"#] {
        assert_eq!(portal.send("POST", SUBSCRIPTIONS, &[], body).status, 400, "{body}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(portal.send("POST", "/articles/DISK/subscriptions", &form, "email=ada%0d%0a@example.org").status, 400);
    for path in ["/subscriptions/confirm?token=0", "/subscriptions/confirm"] {
        assert_eq!(portal.get(path).status, 404, "{path}");
        assert_eq!(portal.send("POST", path, &[], "").status, 404, "{path}");
    }
    assert_eq!(portal.send("POST", "/subscriptions/end?token=0", &[], "").status, 200);
    assert_eq!(portal.post_json("/api/v1/subscriptions/end", &json!({ "token": "0" })).status, 204);
    assert_eq!(smtp.recipients(), 0);

    let without = Portal::with_rules(&[("disk.yaml", RULE)], &[]);
    let reply = subscribe(&without, ADA);
    assert_eq!(reply.status, 404);
    assert!(reply.body.contains("mails are not set up"), "{}", reply.body);
}

#[test]
fn words_of_an_article_are_no_headers_and_no_markup() {
    let smtp = Smtp::start();
    let portal = with_mail(&smtp);
    subscribed(&portal, &smtp, ADA);
    let title = r#""Full <script>alert(1)</script> \u2028 ü .\t=?utf-8?q?x?= Bcc: bob@example.org""#;
    let cause = "|\n  .\n  .\n  Bcc: bob@example.org\n  <img src=x onerror=alert(1)>\n";
    let rule = RULE.replace("title: The disk is full", &format!("title: {title}"));
    replace(
        &portal.rules().join("disk.yaml"),
        &rule.replace("cause: Nothing is left on {{ disk }}.\n", &format!("cause: {cause}")),
    );
    let mail = smtp.wait(ADA, 2);
    assert_eq!(mail.header("Bcc"), "");
    let plain = mail.plain();
    assert!(plain.contains("\r\n+ .\r\n+ .\r\n+ Bcc: bob@example.org"), "{plain}");
    assert!(plain.contains("&lt;img src=x") && plain.contains("&lt;script&gt;"), "{plain}");
    let html = plain.split_once("<!doctype html>").unwrap().1;
    assert!(!html.contains("<script") && !html.contains("<img"), "{plain}");
    assert!(smtp.to(BOB).is_empty());
}

#[test]
fn mails_wait_until_the_server_is_there() {
    let smtp = Smtp::start();
    let url = smtp.url();
    drop(smtp);
    let address = url.trim_start_matches("smtp://").parse().unwrap();
    eventually("the port", || {
        std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_secs(1)).is_err().then_some(())
    });
    let portal = with_mail_at(&url, &[]);
    assert_eq!(subscribe(&portal, ADA).status, 202);
    std::thread::sleep(std::time::Duration::from_millis(200));
    let smtp = Smtp::start_at(address);
    smtp.wait(ADA, 1);
    smtp.set(Manner::PutOff);
    let before = smtp.recipients();
    assert_eq!(subscribe(&portal, BOB).status, 202);
    eventually("a try", || (smtp.recipients() > before).then_some(()));
    assert!(smtp.to(BOB).is_empty());
    smtp.set(Manner::Take);
    smtp.wait(BOB, 1);
    smtp.set(Manner::Refuse);
    assert_eq!(subscribe(&portal, "eve@example.org").status, 202);
    eventually("a failure", || {
        portal.get("/metrics").body.contains("faultbook_mails_total{outcome=\"failed\"} 1").then_some(())
    });
    assert_eq!((smtp.to(ADA).len(), smtp.to(BOB).len()), (1, 1));
}

#[test]
#[cfg(unix)]
fn killed_before_the_server_has_a_mail_it_is_sent_again() {
    let smtp = Smtp::start();
    smtp.set(Manner::SilentAtRecipient);
    let mut portal = with_mail(&smtp);
    assert_eq!(subscribe(&portal, ADA).status, 202);
    eventually("a try", || (smtp.recipients() > 0).then_some(()));
    portal.restart("KILL");
    smtp.set(Manner::Take);
    end_claims(&portal);
    let link = smtp.wait(ADA, 1).link("/subscriptions/confirm");
    assert_eq!(portal.send("POST", &link, &[], "").status, 200);

    // an edit while nobody runs is found at the next start
    portal.signal("KILL");
    portal.wait();
    edit(&portal, "Not a byte is left");
    portal.restart_after_end();
    smtp.wait(ADA, 2);
    assert_eq!(smtp.to(ADA).len(), 2);
}

#[test]
#[cfg(unix)]
fn killed_when_the_server_may_have_a_mail_it_is_not_sent_again() {
    let smtp = Smtp::start();
    let mut portal = with_mail(&smtp);
    subscribed(&portal, &smtp, ADA);
    smtp.set(Manner::SilentAfterMail);
    edit(&portal, "Not a byte is left");
    smtp.wait(ADA, 2);
    portal.restart("KILL");
    smtp.set(Manner::Take);
    end_claims(&portal);
    eventually("the word of the portal", || {
        portal.get("/metrics").body.contains("faultbook_mails_total{outcome=\"unsure\"} 1").then_some(())
    });
    // the subscription is still there
    edit(&portal, "Hardly a byte is left");
    smtp.wait(ADA, 3);
    let ids: Vec<String> = smtp.to(ADA).iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[test]
#[cfg(unix)]
fn killed_while_it_loads_an_edit_one_mail_is_sent_all_the_same() {
    let smtp = Smtp::start();
    let mut portal = with_mail(&smtp);
    subscribed(&portal, &smtp, ADA);
    // before the edit is seen, before and while it is loaded, while the mail is on its way
    for (number, milliseconds) in [0, 150, 220, 260, 400].into_iter().enumerate() {
        edit(&portal, &format!("Edit {number} left this"));
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        portal.restart("KILL");
        sql(&portal, END_CLAIMS);
        let told =
            || smtp.to(ADA).iter().filter(|mail| mail.plain().contains(&format!("+ Edit {number} left"))).count();
        // killed in the moment in which the server may have the mail, it says so and does not send it again
        let is_unsure = || portal.get("/metrics").body.contains("faultbook_mails_total{outcome=\"unsure\"} 1");
        eventually("the mail", || (told() > 0 || is_unsure()).then_some(()));
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(told() <= 1, "{number}: {} mails", told());
    }
}

#[test]
fn two_servers_send_one_mail() {
    let smtp = Smtp::start();
    let one = with_mail(&smtp);
    let database = database(&one);
    let (rules, url) = (one.rules().display().to_string(), smtp.url());
    let mail = ["--mail-server", &url, "--mail-from", "kb@example.com", "--public-address", "https://help.example.com"];
    let arguments = [&["--rules", &rules, "--database", &database], &mail[..]].concat();
    let two = Portal::start(tempfile::tempdir().unwrap(), &arguments);
    let people: Vec<String> = (0..10).map(|n| format!("reader{n}@example.org")).collect();
    for (person, portal) in people.iter().zip([&one, &two].into_iter().cycle()) {
        subscribed(portal, &smtp, person);
    }
    for (round, cause) in ["One", "Two", "Three"].into_iter().enumerate() {
        edit(&one, cause);
        for person in &people {
            smtp.wait(person, round + 2);
        }
    }
    for portal in [&one, &two] {
        eventually("both servers", || portal.get("/feeds/all.atom").body.contains("<entry>").then_some(()));
    }
    assert!(people.iter().all(|person| smtp.to(person).len() == 4));
}

#[test]
fn wrong_options_are_told_at_the_start() {
    for (server, from) in
        [("http://mail", "kb@example.com"), ("smtp://u:secret@mail?x=1", "kb@example.com"), ("smtp://mail", "nobody")]
    {
        let folder = tempfile::tempdir().unwrap();
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("faultbook"));
        command.current_dir(folder.path()).args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--mail-server",
            server,
            "--mail-from",
            from,
        ]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("mails cannot be sent") && !said.contains("secret"), "{said}");
    }
}
