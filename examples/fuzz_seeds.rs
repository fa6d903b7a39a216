//! Writes what the fuzzers begin with to `fuzz/corpus/`: `cargo run --example fuzz_seeds`; `fuzz/run` does it.
//!
//! Archives of every kind are made by the tests' own writers; rules, settings and logs come from the files at hand.

#[path = "../tests/pack/mod.rs"]
mod pack;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pack::{ARCHIVES, COMPRESSIONS, gzip, tar};

const TRANSPORTS: [(&str, &str); 9] = [
    (
        "docker",
        "{\"log\":\"a \\u001b[1m b\\n\",\"stream\":\"stderr\",\"time\":\"2024-05-06T07:08:09.1Z\"}\n{\"log\":\"part\",\"stream\":\"stdout\",\"time\":\"2024-05-06T07:08:10Z\"}\n{\"log\":\" end\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-06T07:08:10Z\"}\n",
    ),
    (
        "cri",
        "2024-05-06T07:08:09.123456789Z stderr P half \n2024-05-06T07:08:09.123456789Z stderr F line\n2024-05-06T07:08:10Z stdout F {\"msg\":\"x\",\"level\":\"warn\"}\n",
    ),
    (
        "actions",
        "2024-05-06T07:08:09.1234567Z ##[group]Run make\n2024-05-06T07:08:10.1234567Z ##[error]Process completed\n2024-05-06T07:08:10.1234567Z ::warning file=a.c,line=1::x\n",
    ),
    (
        "syslog",
        "<165>1 2024-05-06T07:08:09.003Z host app 77 ID47 [x@1 a=\"b\\\"\" c=\"d\"][y] \u{feff}message\n<34>1 2024-05-06T07:08:09Z - - - - - more\nand more\n",
    ),
    (
        "counted",
        "57 <34>1 2024-05-06T07:08:09Z host su 1 - - 'su root' failed!57 <34>1 2024-05-06T07:08:09Z host su 1 - - 'su root' failed!",
    ),
    (
        "journald",
        "{\"__REALTIME_TIMESTAMP\":\"1714979289000000\",\"MESSAGE\":\"x\",\"PRIORITY\":\"3\",\"SYSLOG_IDENTIFIER\":\"sshd\",\"_PID\":\"7\",\"_HOSTNAME\":\"h\"}\n{\"__REALTIME_TIMESTAMP\":\"1714979289000000\",\"MESSAGE\":[104,105],\"_COMM\":\"c\"}\n",
    ),
    (
        "export",
        "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1714979289000000\nPRIORITY=3\nMESSAGE\n\u{5}\0\0\0\0\0\0\0a\nb c\n_PID=7\n\n__CURSOR=s=2\n__REALTIME_TIMESTAMP=1714979289000001\nMESSAGE=hello\n\n",
    ),
    (
        "json",
        "{\"time\":\"2024-05-06T07:08:09Z\",\"level\":\"error\",\"msg\":\"a\\nb\",\"error_code\":1234,\"nested\":{\"msg\":\"{\\\"a\\\":1}\"}}\n{\"ts\":1714979289.5,\"severity\":\"WARN\",\"message\":\"\\ud83d\\ude00\",\"list\":[1,null,true]}\n",
    ),
    (
        "xml",
        "<?xml version=\"1.0\"?>\n<log><event level=\"error\" time=\"2024-05-06T07:08:09Z\"><message>a &amp; b</message></event>\n<event><![CDATA[x < y]]><!-- c --></event>\n<event a='1'/></log>\n",
    ),
];

const LINES: [&str; 22] = [
    "2024-01-02T03:04:05.678+01:00 INFO x",
    "2024/01/02 03:04:05 [error] 7#7: x",
    "2024-01-02-03.04.05.678 x",
    "17/06/09 20:10:40 INFO x",
    "03-17 16:13:38.811  1702  2395 D Tag: x",
    "[10/Oct/2000:13:55:36 -0700] \"GET\"",
    "02-Jan-2024 03:04:05.123 SEVERE x",
    "Jan  2 03:04:05 host sshd[77]: x",
    "<34>Jan  2 03:04:05 host su: x",
    "[Sun Dec 04 04:47:44 2005] [error] x",
    "E0102 15:04:05.000000    1 main.go:1] x",
    "081109 203615 148 INFO x",
    "20240102 03:04:05 x",
    "1131566461 2005.11.09 dn228 x",
    "1714979289123 x",
    "app.log.1:2024-01-02 03:04:05,678 ERROR x",
    "time=\"2024-01-02T03:04:05Z\" level=warning msg=x",
    "Mon, 02 Jan 2024 03:04:05 GMT x",
    "2024-01-02 03:04:05 PM CEST x",
    "Jan 02, 2024 3:04:05 PM org.x",
    "20171223-22:15:29:606|Step|30002312|x",
    "- 1117838570 2005.06.03 R02 2005-06-03-15.42.50.363779 R02 RAS KERNEL INFO x",
];

const REGEXES: [&str; 9] = [
    r"customer '(?<c>[^']+)' - the specified subdomain '",
    r"(?i)Out Of (?:memory|space)",
    r"^(?:oom|kill)er \d+$",
    r"abc(?:def)?ghi",
    r"SNAP\d{3}[a-f]{2,5}",
    r"one\nthree\r|\bfour\b",
    r"(?u)\w x\p{Greek}",
    r"(?s:a.c)+?[^\s]x*",
    r"\x41\x{42}[[:alpha:]&&[^b]]\\",
];

const SETTINGS: &str = "sources:
  'var/log/*.log':
    start: '^\\['
    header: '^\\[(?<time>[^]]+)\\] (?<level>\\w+)'
    timestamp: ['%d/%b/%Y:%H:%M:%S %z', '%Y-%m-%d %H:%M:%S']
    timezone: Europe/Berlin
    encoding: windows-1252
    noise: ['DEBUG']
  '*.gz':
    json: {message: msg, time: ts, level: lvl}
    xml: event
limits: {depth: 3, total_bytes: 1 GiB, record_lines: 5}
defaults: {audience: internal, format: json, include: ['*.log'], threads: 2, timezone: UTC, min_severity: warning}
";

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let seed = |target: &str, name: &str, bytes: &[u8]| -> io::Result<()> {
        let folder = root.join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{}", name.replace([' ', '/'], "-"))), bytes)
    };
    let members: [(&str, &[u8]); 3] =
        [("a.log", b"first\n"), ("b.gz", &gzip(b"b\n")), ("c.zip", &pack::zip(&[("d", b"d\n")]))];
    for (name, archive) in ARCHIVES {
        seed("archives", name, &archive(&members))?;
        seed("archives", &format!("{name} in a tar"), &tar(&[("x", &archive(&members))]))?;
    }
    for (name, compress) in COMPRESSIONS {
        seed("archives", name, &compress(b"a line\nanother\n"))?;
        seed("archives", &format!("tar in {name}"), &compress(&tar(&members)))?;
    }
    for (number, encoding) in ["\u{feff}bom\n", "caf\u{e9}\n"].iter().enumerate() {
        let wide: Vec<u8> = encoding.encode_utf16().flat_map(u16::to_le_bytes).collect();
        seed("archives", &format!("utf-16 {number}"), &wide)?;
    }
    for ((name, text), number) in TRANSPORTS.iter().zip(1u8..) {
        seed("transports", name, &[&[0], text.as_bytes()].concat())?;
        seed("transports", &format!("{name} chosen"), &[&[number.min(8)], text.as_bytes()].concat())?;
        seed("records", name, &[&[0; 8], text.as_bytes()].concat())?;
    }
    for (number, line) in LINES.iter().enumerate() {
        seed("timestamps", &number.to_string(), line.as_bytes())?;
    }
    seed("records", "log", &[&[40; 8], LINES.join("\n").as_bytes()].concat())?;
    seed(
        "records",
        "trace",
        b"\x10\x05\x20\x03\x01\x01\x01\x012024-05-06 07:08:09 ERROR a\n  at b\n\nCaused by: c\n2024-05-06 07:08:10 d\n",
    )?;
    for (number, regex) in REGEXES.iter().enumerate() {
        seed(
            "needles",
            &number.to_string(),
            &[regex.as_bytes(), b"\xffabcdefghijklmnopqrstuvwxyz0123456789"].concat(),
        )?;
    }
    seed("settings", "all", SETTINGS.as_bytes())?;
    for folder in ["rules", "tests/data/diagnostics"] {
        for path in yaml_files(&root.join("..").join(folder))? {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let of_settings = path.ends_with("faultbook.yaml");
            seed(if of_settings { "settings" } else { "yaml" }, &name, &fs::read(&path)?)?;
        }
    }
    Ok(())
}

fn yaml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    Ok(files)
}
