//! Embeds the console's build, compressed beforehand; without one, a page that says how to build it.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Gatewarden</title>\
<h1>The console is not built into this hub</h1><p>Build it, then build the hub again:</p>\
<pre>cd hub-server/console\nnpm ci\nnpm run build\ncargo build -p hub-server</pre>\
<p>The API is there: see <a href=\"/docs\">/docs</a>.</p>";

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let dist = Path::new("console/dist");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=console/dist");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(dist, &mut files)?;
    }
    files.sort();
    let mut table = String::from("static ASSETS: &[Asset] = &[\n");
    let mut index = out.join("index.html");
    fs::write(&index, NOT_BUILT)?;
    for (number, file) in files.iter().enumerate() {
        let name = file
            .strip_prefix(dist)?
            .to_string_lossy()
            .replace('\\', "/");
        let path = fs::canonicalize(file)?;
        if name == "index.html" {
            index = path;
            continue;
        }
        let packed = out.join(format!("{number}.br"));
        pack(&path, &packed)?;
        // Vite puts a hash of the content into the names below assets/.
        let immutable = name.starts_with("assets/");
        writeln!(
            table,
            "    Asset {{ path: {name:?}, plain: include_bytes!({path:?}), brotli: include_bytes!({packed:?}), immutable: {immutable} }},",
        )?;
    }
    writeln!(table, "];\n\nstatic INDEX: &str = include_str!({index:?});")?;
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn pack(from: &Path, to: &Path) -> Outcome<()> {
    let mut writer = brotli::CompressorWriter::new(fs::File::create(to)?, 64 * 1024, 9, 22);
    writer.write_all(&fs::read(from)?)?;
    writer.flush()?;
    Ok(())
}
