//! Lists the console's built files, so that the hub carries them in its binary. It only embeds; scripts/prepare builds.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-env-changed=GATEWARDEN_BUILD");
    println!("cargo:rerun-if-changed=build.rs");
    // The release script names its builds.
    let build = std::env::var_os("GATEWARDEN_BUILD")
        .and_then(|build| build.into_string().ok())
        .unwrap_or_else(|| "dev".to_owned());
    println!("cargo:rustc-env=GATEWARDEN_BUILD={build}");
    println!("cargo:rerun-if-changed=console/dist");
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let dist = root.join("console/dist");
    // Cargo runs this again and again while a watched folder is missing; an empty one means "not built".
    let _ = fs::create_dir_all(&dist);
    let mut files = Vec::new();
    collect(&dist, &dist, &mut files);
    files.sort();
    let mut table = String::from("static ASSETS: &[Asset] = &[\n");
    for path in files.iter().filter(|path| !is_packed(path)) {
        let file = |name: &str| {
            let full = dist.join(name);
            full.is_file()
                .then(|| format!("include_bytes!({:?})", full.display().to_string()))
        };
        let optional = |name: String| match file(&name) {
            Some(bytes) => format!("Some({bytes})"),
            None => "None".to_owned(),
        };
        let plain = file(path).expect("it was listed");
        writeln!(
            table,
            "    Asset {{ path: {path:?}, plain: {plain}, brotli: {}, gzip: {} }},",
            optional(format!("{path}.br")),
            optional(format!("{path}.gz")),
        )
        .expect("writing to a string does not fail");
    }
    table.push_str("];\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("assets.rs"), table).expect("the build folder can be written");
}

fn is_packed(path: &str) -> bool {
    path.ends_with(".br") || path.ends_with(".gz")
}

/// Lists files below `folder` by their path from `root`, without hidden ones (the bundler's own lists).
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files);
        } else if let Ok(relative) = path.strip_prefix(root) {
            files.push(relative.display().to_string());
        }
    }
}
