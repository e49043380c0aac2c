//! The buyer's walk-through, typed as it stands: every block of it runs in one shell, in its order, and ends
//! as the page says beneath it.

#![expect(clippy::print_stdout, reason = "what could not be run is said")]

use std::{
    env,
    fmt::Write,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What the products of the page are made of.
const PARTS: [&str; 5] = ["xmpp-plain", "xmpp-omemo", "prosody", "matrix-nio", "synapse"];
/// How the page begins to say how a block ends.
const ENDS: &str = "It ends ";
/// What the shell prints after each block, before the exit code.
const ENDED: &str = "=== the block ended ";

/// One block to type, and the exit code that the page promises.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    script: String,
    /// Nothing where the page forgot to say it.
    ends: Option<i32>,
}

/// Every ```` ```sh ```` block of the page. How it ends is said by the first words beneath it.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, from)) = rest.split_once("\n```sh\n") {
        let (script, after) = from.split_once("\n```\n").expect("every block is closed");
        let said = after.trim_start().strip_prefix(ENDS);
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
        blocks.push(Block {
            script: script.to_owned(),
            ends: said.and_then(|text| digits(text).parse().ok()),
        });
        rest = after;
    }
    blocks
}

/// What a shell does that is given every block, as one terminal is: where one block leaves it, the next begins.
/// Of each block what it said and how it ended, up to one that ended the shell itself.
fn typed(blocks: &[Block], shell: &mut Command) -> Vec<(String, Option<i32>)> {
    let mut all = "exec 2>&1\n".to_owned();
    for Block { script, .. } in blocks {
        writeln!(all, "{script}\nprintf '\\n{ENDED}%d\\n' \"$?\"").unwrap();
    }
    let output = shell.args(["-c", &all]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let mut rest = &said[..];
    let mut typed = Vec::new();
    for _ in blocks {
        let Some((told, after)) = rest.split_once(ENDED) else {
            typed.push((rest.to_owned(), None));
            break;
        };
        let (code, after) = after.split_once('\n').unwrap();
        typed.push((told.to_owned(), code.parse().ok()));
        rest = after;
    }
    typed
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn page() -> String {
    fs::read_to_string(root().join("harness/products/BUYERS-WALK-THROUGH.md")).unwrap()
}

/// A folder with a `cargo` that starts the `xtask` that was built beside the binary.
fn cargo(folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    let xtask = Path::new(env!("CARGO_BIN_EXE_hallmark")).with_file_name("xtask");
    let script =
        format!("#!/bin/sh\n[ \"$1\" = xtask ] && shift && exec '{}' \"$@\"\n", xtask.display());
    fs::write(bin.join("cargo"), script).unwrap();
    fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    bin
}

#[test]
fn every_block_says_how_it_ends() {
    let blocks = blocks(&page());
    assert!(blocks.len() > 8, "{blocks:?}");
    for block in &blocks {
        assert!(block.ends.is_some(), "nothing is promised of\n{}", block.script);
    }
    let told: Vec<_> = blocks.iter().filter_map(|block| block.ends).collect();
    for code in [0, 1, 3, 7] {
        assert!(told.contains(&code), "the page shows no command that ends {code}");
    }
}

#[test]
fn blocks_are_read_as_people_read_them() {
    let page = "a\n```sh\nfalse\n```\n\nIt ends 1. Then\n\n```text\nno\n```\n```sh\ntrue \\\n  x\n```\nand so on";
    let script = |script: &str, ends| Block { script: script.to_owned(), ends };
    assert_eq!(blocks(page), [script("false", Some(1)), script("true \\\n  x", None)]);
}

#[test]
fn blocks_are_typed_into_one_shell() {
    let block = |script: &str| Block { script: script.to_owned(), ends: None };
    let codes = |scripts: &[&str]| -> Vec<_> {
        let blocks: Vec<_> = scripts.iter().map(|script| block(script)).collect();
        typed(&blocks, &mut Command::new("sh")).into_iter().map(|(_, code)| code).collect()
    };
    let moved = ["cd /", "test \"$PWD\" = /", "false", "(\n  cd / &&\n    exit 7\n)", "true"];
    assert_eq!(codes(&moved), [Some(0), Some(0), Some(1), Some(7), Some(0)]);
    assert_eq!(codes(&["true", "exit 3", "true"]), [Some(0), None]);
    let said = typed(&[block("echo a; echo b >&2"), block("echo c")], &mut Command::new("sh"));
    assert_eq!(said, [("a\nb\n\n".to_owned(), Some(0)), ("c\n\n".to_owned(), Some(0))]);
}

#[test]
fn the_walk_through_holds() {
    let installed = env::var("HALLMARK_PEERS").unwrap_or_default();
    let missing: Vec<_> =
        PARTS.iter().filter(|part| !installed.split(',').any(|name| name == **part)).collect();
    if !missing.is_empty() {
        println!(
            "not run: the buyer's walk-through needs {missing:?}; `cargo xtask peers` installs it"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("buyer");
    fs::create_dir(&place).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_hallmark")).parent().unwrap().to_owned();
    let known = env::var_os("PATH").unwrap_or_default();
    let path = [cargo(folder.path()), programs].into_iter().chain(env::split_paths(&known));
    let path = env::join_paths(path).unwrap();
    let mut shell = Command::new("sh");
    shell.current_dir(&place).env("PATH", &path);
    shell.env("CARGO_MANIFEST_DIR", root().join("xtask"));
    let blocks = blocks(&page());
    let typed = typed(&blocks, &mut shell);
    for (Block { script, ends }, (said, ended)) in blocks.iter().zip(&typed) {
        assert_eq!(ended, ends, "{script}\n{said}");
    }
    assert_eq!(typed.len(), blocks.len());
    let compared = fs::read_to_string(place.join("compare.html")).unwrap();
    for told in ["without OMEMO", "with OMEMO", "encrypted rooms", "ward-7", "Ward 7 assessor"] {
        assert!(compared.contains(told), "{told}");
    }
    // What the page says of page one: A is broken in both halves, B and C are open in both.
    let answers = |class: &str| compared.matches(&format!("class=\"half {class}\"")).count();
    let all = [answers("does-not-meet"), answers("not-determined"), answers("meets")];
    assert_eq!(all, [2, 4, 0]);
    // What it says of declarations: there are none.
    assert_eq!(compared.matches("<h3>Declared, not tested</h3>\n<p>Nothing.</p>").count(), 3);
}
