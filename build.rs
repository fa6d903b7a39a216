//! Lists the files of `rules/` and `templates/`, so that the binary carries the faultbook that ships. The snapshots beside the rules
//! stay behind: they are for those who change rules.
//!
//! The embedding crates would do the same with hashes, MIME types and their dependencies; two lists of `include_str!` need
//! none of these.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut code = String::new();
    for (name, folder) in [("RULES", "rules"), ("TEMPLATES", "templates")] {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        collect(&root.join(folder), "", &mut files)?;
        files.sort();
        let _ = writeln!(code, "static {name}: &[(&str, &str)] = &[");
        for (path, file) in files {
            let _ = writeln!(code, "    ({path:?}, include_str!({file:?})),");
        }
        let _ = writeln!(code, "];");
    }
    fs::write(Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("shipped.rs"), code)
}

/// Adds the files below a folder with their paths there, `/` between folders.
fn collect(folder: &Path, below: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_name() == "snapshots" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push((path, entry.path()));
        }
    }
    Ok(())
}
