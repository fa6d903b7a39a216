//! What systems write and what authors write: message formats with `{name:kind}` where a value stands.

use super::random::Random;

/// A system: how it begins a line, and what it says.
pub struct System {
    /// The name of its log file.
    pub name: &'static str,
    /// What stands before each message.
    pub header: &'static str,
    /// Its messages.
    pub messages: &'static [&'static str],
}

/// A piece of a message.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Always the same.
    Text(String),
    /// One of these; the first is what a sample says.
    OneOf(Vec<String>),
    /// A value of a kind, under a name.
    Value(String, &'static str),
}

/// The kinds of values, and the regex an author would write for each.
const KINDS: [(&str, &str); 15] = [
    ("number", r"\d+"),
    ("decimal", r"\d+\.\d+"),
    ("hex", r"[0-9a-f]+"),
    ("ip", r"[\d.]+"),
    ("host", r"\S+"),
    ("user", r"\w+"),
    ("word", r"[^ ]+"),
    ("path", r"/\S+"),
    ("quoted", r"[^']+"),
    ("level", r"[A-Z]+"),
    ("iso", r"\S+ \S+"),
    ("syslog", r"\w+ +\d+ [\d:]+"),
    ("compact", r"\d+ \d+"),
    ("apache", r"[^\]]+"),
    ("clock", r"[\d:]+"),
];

/// Splits a message format into pieces. Braces around anything but a name and a kind are text.
pub fn pieces(format: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let (mut text, mut rest) = (String::new(), format);
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let value = after
            .split_once('}')
            .and_then(|(value, behind)| Some((value.split_once(':')?, behind)));
        let known = value
            .and_then(|((name, kind), behind)| Some((name, KINDS.iter().find(|known| known.0 == kind)?.0, behind)));
        match known {
            Some((name, kind, behind)) => {
                found.extend((!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text))));
                found.push(Piece::Value(name.to_owned(), kind));
                rest = behind;
            }
            None => {
                text.push('{');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    found.extend((!text.is_empty()).then_some(Piece::Text(text)));
    found
}

/// The regex for a kind of value.
pub fn class(kind: &str) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).expect("a known kind").1
}

/// A value of a kind.
pub fn value(kind: &str, random: &mut Random) -> String {
    let mut below = |limit: usize| random.below(limit);
    match kind {
        "number" => below(90_000).to_string(),
        "decimal" => format!("{}.{:03}", below(900), below(1000)),
        "hex" => format!("{:08x}{:04x}", below(1 << 32), below(1 << 16)),
        "ip" => format!("10.{}.{}.{}", below(256), below(256), below(256)),
        "host" => format!(
            "{}-{:02}.example.net",
            ["db", "web", "node", "cache", "mq"][below(5)],
            below(60)
        ),
        "user" => ["alice", "bob", "carol", "svc_backup", "deploy", "postgres", "jenkins"][below(7)].to_owned(),
        "word" => [
            "primary",
            "alpha-7",
            "tenant/4711",
            "eu-west-1",
            "orders",
            "sda1",
            "invoice_queue",
        ][below(7)]
        .to_owned(),
        "path" => format!(
            "/{}/{}/{:05}",
            ["var/lib", "srv", "mnt/data"][below(3)],
            ["blocks", "spool", "wal"][below(3)],
            below(90_000)
        ),
        "quoted" => ["Quarterly report", "John Doe", "nightly backup", "Main Office"][below(4)].to_owned(),
        "level" => ["INFO", "INFO", "INFO", "INFO", "WARN", "DEBUG", "ERROR"][below(7)].to_owned(),
        "iso" => format!(
            "2024-0{}-{:02} {:02}:{:02}:{:02},{:03}",
            1 + below(9),
            1 + below(28),
            below(24),
            below(60),
            below(60),
            below(1000)
        ),
        "syslog" => format!(
            "Mar {:2} {:02}:{:02}:{:02}",
            1 + below(28),
            below(24),
            below(60),
            below(60)
        ),
        "compact" => format!("24031{} {:02}{:02}{:02}", below(9), below(24), below(60), below(60)),
        "apache" => format!(
            "Tue Mar {:02} {:02}:{:02}:{:02} 2024",
            1 + below(28),
            below(24),
            below(60),
            below(60)
        ),
        "clock" => format!("{:02}:{:02}:{:02}", below(24), below(60), below(60)),
        _ => String::new(),
    }
}

/// The systems.
pub const SYSTEMS: &[System] = &[
    System {
        name: "hdfs.log",
        header: "{time:compact} {thread:number} {level:level} dfs.",
        messages: &[
            "DataNode$DataXceiver: Receiving replica {block:hex} from /{source:ip}:{port:number} for pipeline {stage:number}",
            "DataNode$PacketResponder: Responder {index:number} of replica {block:hex} is closing",
            "FSNamesystem: BLOCK* allocate {path:path} on volume {volume:word} with generation {stamp:number}",
            "DataBlockScanner: Verification of replica {block:hex} finished in {millis:number} ms",
            "DataNode: Checksum of replica {block:hex} differs at offset {offset:number}, reported to {namenode:host}",
            "FSNamesystem: BLOCK* ask {target:ip}:{port:number} to replicate {block:hex} to {count:number} datanodes",
            "StateChange: DIR* completeFile {path:path} is closed by client {client:hex}",
            "BlockManager: Under-replicated queue holds {count:number} blocks, {critical:number} with a single replica",
        ],
    },
    System {
        name: "yarn.log",
        header: "{time:iso} {level:level} [AsyncDispatcher event handler] org.apache.hadoop.yarn.",
        messages: &[
            "server.resourcemanager.rmcontainer: Container {container:hex} moved from ALLOCATED to ACQUIRED on {host:host}",
            "server.nodemanager.ContainersMonitor: Memory of process tree {pid:number}: {used:number} MB of {limit:number} MB physical memory used",
            "server.resourcemanager.scheduler: Reserved container on node {host:host} was unreserved after {millis:number} ms",
            "mapreduce.v2.app.job: Task attempt {attempt:hex} progress is {progress:decimal}, reported by {host:host}",
            "ipc.Client: Retrying connect to server {host:host}:{port:number}, already tried {count:number} times",
            "server.nodemanager.LocalizationService: Resource {path:path} went from DOWNLOADING to LOCALIZED, {bytes:number} bytes",
            "mapreduce.task.reduce.Fetcher: fetcher#{fetcher:number} about to shuffle output of map {attempt:hex} decomp: {bytes:number}",
            "server.resourcemanager: Node {host:host} has not sent a heartbeat for {seconds:number} s and is considered lost",
        ],
    },
    System {
        name: "zookeeper.log",
        header: "{time:iso} - {level:level}  [QuorumPeer[myid={peer:number}]:Follower@{line:number}] - ",
        messages: &[
            "Accepted socket connection from /{client:ip}:{port:number}",
            "Session 0x{session:hex} established with negotiated timeout {millis:number} for client /{client:ip}:{port:number}",
            "Expiring session 0x{session:hex}, timeout of {millis:number}ms exceeded",
            "Cannot open channel to {peer:number} at election address {host:host}/{ip:ip}:{port:number}",
            "Connection broken for id {peer:number}, my id = {own:number}, error = java.io.EOFException",
            "Snapshot taken at 0x{zxid:hex} with {count:number} nodes in {millis:number} ms",
            "Got user-level KeeperException when processing sessionid:0x{session:hex} type:create cxid:0x{cxid:hex}",
        ],
    },
    System {
        name: "sshd.log",
        header: "{time:syslog} {host:user} sshd[{pid:number}]: ",
        messages: &[
            "Accepted publickey for {user:user} from {source:ip} port {port:number} ssh2: ED25519 SHA256:{key:hex}",
            "pam_unix(sshd:session): session opened for user {user:user} by (uid={uid:number})",
            "Received disconnect from {source:ip} port {port:number}:11: disconnected by user",
            "Connection closed by authenticating user {user:user} {source:ip} port {port:number} [preauth]",
            "error: kex_exchange_identification: banner line from {source:ip} port {port:number} contains invalid characters",
            "fatal: Timeout before authentication for connection from {source:ip} to {target:ip}, pid = {pid:number}",
            "Authentication refused: bad ownership or modes for directory {path:path}",
        ],
    },
    System {
        name: "nova.log",
        header: "{time:iso}.{millis:number} {pid:number} {level:level} nova.",
        messages: &[
            "compute.manager [req-{request:hex}] [instance: {instance:hex}] Took {seconds:decimal} seconds to build the instance on {host:host}",
            "virt.libvirt.imagecache [req-{request:hex}] image {image:hex} at ({path:path}): in use: on this node {count:number} local",
            "osapi_compute.wsgi.server [req-{request:hex}] {client:ip} \"GET /v2/servers/detail HTTP/1.1\" status: {status:number} len: {bytes:number} time: {seconds:decimal}",
            "scheduler.filter_scheduler [req-{request:hex}] No weighed hosts left for instance {instance:hex} after {count:number} attempts",
            "compute.resource_tracker [req-{request:hex}] Final resource view: name={host:host} phys_ram={memory:number}MB used_disk={disk:number}GB",
            "compute.claims [req-{request:hex}] [instance: {instance:hex}] Claim rejected, free disk {free:number} GB < requested {wanted:number} GB",
            "network.neutron [req-{request:hex}] Port {port:hex} could not be bound on host {host:host}",
        ],
    },
    System {
        name: "error_log",
        header: "[{time:apache}] [{level:user}] ",
        messages: &[
            "[client {client:ip}] Directory index forbidden by rule: {path:path}",
            "mod_jk child workerEnv in error state {state:number} after {count:number} attempts",
            "[client {client:ip}] script not found or unable to stat: {path:path}",
            "server seems busy, (you may need to increase StartServers), spawning {count:number} children, there are {idle:number} idle",
            "child pid {pid:number} exit signal Segmentation fault ({signal:number}), possible coredump in {path:path}",
            "(104)Connection reset by peer: [client {client:ip}] AH01102: error reading status line from remote server {host:host}",
            "AH00485: scoreboard is full, not at MaxRequestWorkers ({limit:number})",
        ],
    },
    System {
        name: "kernel.log",
        header: "{time:syslog} {host:user} kernel: [{uptime:decimal}] ",
        messages: &[
            "EXT4-fs ({device:word}): mounted filesystem with ordered data mode. Opts: {options:word}",
            "Out of memory: Killed process {pid:number} ({process:user}) total-vm:{memory:number}kB, anon-rss:{rss:number}kB",
            "e1000e {slot:decimal} eth{index:number}: NIC Link is Up {speed:number} Mbps Full Duplex, Flow Control: Rx/Tx",
            "blk_update_request: I/O error, dev {device:word}, sector {sector:number} op 0x0:(READ) flags 0x80700",
            "CPU{cpu:number}: Core temperature above threshold, cpu clock throttled (total events = {count:number})",
            "nfs: server {server:host} not responding, still trying",
            "INFO: task {process:user}:{pid:number} blocked for more than {seconds:number} seconds.",
            "TCP: request_sock_TCP: Possible SYN flooding on port {port:number}. Sending cookies.",
        ],
    },
    System {
        name: "spark.log",
        header: "24/03/12 {time:clock} {level:level} ",
        messages: &[
            "executor.Executor: Finished task {task:decimal} in stage {stage:decimal} (TID {id:number}). {bytes:number} bytes result sent to driver",
            "storage.BlockManager: Found block rdd_{rdd:number}_{part:number} locally on {host:host}",
            "scheduler.TaskSetManager: Lost task {task:decimal} in stage {stage:decimal} (TID {id:number}, {host:host}): ExecutorLostFailure",
            "storage.MemoryStore: Not enough space to cache rdd_{rdd:number} in memory! (computed {size:decimal} MB so far)",
            "shuffle.RetryingBlockFetcher: Exception while beginning fetch of {count:number} outstanding blocks from {host:host}",
            "spark.MapOutputTracker: Doing the fetch; tracker endpoint = {endpoint:host}:{port:number}",
        ],
    },
    System {
        name: "postgresql.log",
        header: "{time:iso} UTC [{pid:number}] ",
        messages: &[
            "LOG:  checkpoint complete: wrote {count:number} buffers; {added:number} WAL file(s) added, sync={seconds:decimal} s",
            "FATAL:  remaining connection slots are reserved for superuser connections, {count:number} in use by {user:user}",
            "ERROR:  deadlock detected while updating tuple in relation {table:word}, process {other:number} waits for ShareLock",
            "LOG:  duration: {millis:decimal} ms  statement: SELECT * FROM {table:word} WHERE id = {id:number}",
            "WARNING:  database {database:word} must be vacuumed within {count:number} transactions",
            "PANIC:  could not write to file {path:path}: No space left on device",
        ],
    },
    System {
        name: "setup.log",
        header: "{time:iso}, Info                  CBS    ",
        messages: &[
            "Session: {session:hex} initialized by client WindowsUpdateAgent, external staging directory: {path:path}",
            "Appl: detect parent package for {package:word}, parent state: {state:number}, applicability: {percent:number}",
            "Warning: Unrecognized packageExtended attribute in manifest {manifest:hex} of {package:word}",
            "Failed to internally open package. [HRESULT = 0x{code:hex}] while staging {package:word}",
            "SQM: Requesting upload of all unsent reports, {count:number} pending, user {user:user}",
        ],
    },
    System {
        name: "gateway.jsonl",
        header: "{\"ts\":\"{time:iso}\",\"pod\":\"gateway-{pod:hex}\",\"msg\":\"",
        messages: &[
            "upstream {host:host}:{port:number} took {millis:number} ms\",\"route\":\"{route:word}\"}",
            "retry {count:number} of request {request:hex}\",\"reason\":\"upstream reset before headers\"}",
            "certificate of {host:host} expires in {days:number} days\",\"issuer\":\"internal\"}",
            "quota of tenant {tenant:word} used to {percent:number} percent\",\"path\":\"{path:path}\"}",
        ],
    },
    System {
        name: "app.log",
        header: "{time:iso} [worker-{worker:number}] {level:level} com.example.",
        messages: &[
            "billing.InvoiceService - Invoice {invoice:number} of account {account:word} was posted in {millis:number} ms",
            "billing.PaymentGateway - Provider {provider:host} declined payment {payment:hex} with status {status:number}",
            "mail.Dispatcher - Message {message:hex} to {recipient:user} deferred by {host:host}: greylisted for {seconds:number} s",
            "jobs.Scheduler - Job '{job:quoted}' skipped because the previous run holds lock {lock:hex}",
            "auth.TokenStore - Token of user {user:user} could not be refreshed, {count:number} attempts left",
            "cache.RemoteCache - Evicted {count:number} entries from region {region:word}, hit ratio {ratio:decimal}",
            "db.ConnectionPool - Connection is not available, request timed out after {millis:number}ms (active={count:number})",
            "search.Indexer - Bulk request rejected by {host:host}: queue capacity {capacity:number} reached on shard {shard:number}",
        ],
    },
];

/// Words that take the place of others when a message is perturbed.
pub const WORDS: &[&str] = &[
    "allocation",
    "archive",
    "baseline",
    "broker",
    "bucket",
    "cluster",
    "compaction",
    "consumer",
    "controller",
    "credential",
    "cursor",
    "daemon",
    "digest",
    "domain",
    "endpoint",
    "envelope",
    "eviction",
    "failover",
    "federation",
    "firmware",
    "gateway",
    "handshake",
    "heartbeat",
    "hypervisor",
    "inode",
    "journal",
    "keystore",
    "latency",
    "ledger",
    "license",
    "listener",
    "mailbox",
    "manifest",
    "mirror",
    "mutex",
    "namespace",
    "partition",
    "payload",
    "peering",
    "plugin",
    "policy",
    "producer",
    "provisioner",
    "quorum",
    "rebalance",
    "recovery",
    "registry",
    "replication",
    "resolver",
    "retention",
    "rollback",
    "rollup",
    "scheduler",
    "schema",
    "semaphore",
    "sequence",
    "session",
    "sharding",
    "snapshot",
    "spooler",
    "standby",
    "subscription",
    "superblock",
    "tablespace",
    "telemetry",
    "tenant",
    "throttle",
    "token",
    "topology",
    "transport",
    "tunnel",
    "upgrade",
    "validator",
    "volume",
    "watchdog",
    "watermark",
    "webhook",
    "workspace",
    "writer",
    "zone",
];

/// Who does something, in sentences as authors write them.
pub const SUBJECTS: &[&str] = &[
    "The license server",
    "The mail connector",
    "The backup agent",
    "Database instance '{instance:quoted}'",
    "Service {service:user}",
    "The cluster manager",
    "The storage array",
    "Host {host:host}",
    "The identity provider",
    "The print spooler",
    "User '{user:quoted}'",
    "The replication job",
    "The domain controller",
    "Web application {application:word}",
    "The message broker",
    "Virtual machine '{machine:quoted}'",
];

/// What it fails to do.
pub const FAILURES: &[&str] = &[
    "could not acquire a lock on",
    "failed to authenticate against",
    "was unable to reach",
    "has lost its connection to",
    "refused to start because of",
    "cannot allocate memory for",
    "timed out while waiting for",
    "rejected the certificate of",
    "returned an unexpected response for",
    "was denied access to",
    "ran out of space while writing",
    "could not resolve the name of",
    "has exceeded the quota for",
    "reported a checksum mismatch in",
    "is not permitted to change",
    "gave up after retrying",
];

/// With what.
pub const OBJECTS: &[&str] = &[
    "volume {volume:word}",
    "the configuration database",
    "partition {partition:number} of the index",
    "the remote repository",
    "mailbox '{mailbox:quoted}'",
    "snapshot {snapshot:hex}",
    "the shared folder {path:path}",
    "node {node:host}",
    "the upstream directory service",
    "transaction {transaction:number}",
    "the encryption key store",
    "port {port:number} on the load balancer",
];

/// Why.
pub const REASONS: &[&str] = &[
    "the operation was cancelled by an administrator",
    "the remote side closed the channel",
    "the account has been disabled",
    "no free slots remain",
    "error code {code:number}",
    "the schema version {version:decimal} is not supported",
    "the previous attempt is still running",
    "the trial period has ended",
    "the clock differs by {seconds:number} seconds",
    "it is already in use by another tenant",
    "the file system is read-only",
    "status 0x{status:hex}",
];
