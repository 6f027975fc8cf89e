//! The rehearsal's keys, `trust.toml`, and the purge part of `handover.toml`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::output::print_text;
use handover_engine::endpoint::Endpoint;
use handover_schemas::config::CONFIG_FILE;
use handover_schemas::digest::hex;

use crate::random::random;
use crate::rehearse::stage::Programs;

/// Where the keys of a rehearsal are. In earnest each would be with another person.
pub(in crate::rehearse) struct Keys {
    dir: PathBuf,
}

/// People of the rehearsal: who signs as what. Nobody of these names exists.
const PEOPLE: [(&str, &str, &str, &str); 6] = [
    ("owner", "Nguyễn Thị Hồng Hạnh", "Cục Phòng bệnh, Bộ Y tế", "data_owner"),
    ("custodian", "Trần Văn Bình", "Trung tâm Thông tin y tế Quốc gia", "custodian"),
    ("operator", "Lê Minh Đức", "Trung tâm Thông tin y tế Quốc gia", "operator"),
    ("giving", "Phạm Quốc Huy", "Đơn vị vận hành Nền tảng", "giving_side"),
    ("receiving", "Đỗ Thị Mai", "Trung tâm Thông tin y tế Quốc gia", "receiving_side"),
    ("witness", "Vũ Hoàng Nam", "Văn phòng Bộ Y tế", "witness"),
];

impl Keys {
    /// A key file.
    pub(in crate::rehearse) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The file with the passphrase of all of them.
    pub(in crate::rehearse) fn passphrase(&self) -> PathBuf {
        self.dir.join("passphrase")
    }
}

/// Makes fresh keys, the trust file beside the hand-over folder, and adds the purge part to the
/// config.
pub(super) fn prepare(
    programs: &Programs,
    rehearsal: &HandoverDir,
    handover: &HandoverDir,
    target: &Endpoint,
) -> Result<Keys> {
    let keys = Keys { dir: rehearsal.path().join("keys") };
    rehearsal.write("keys/passphrase", hex(&random::<16>()?).as_bytes())?;
    let mut trust = String::new();
    for (person, name, organisation, role) in PEOPLE {
        let said = keygen(programs, &keys, "signing", &format!("{person}.pem"))?;
        let public = value(&said, "public key")?;
        trust.push_str(&format!(
            "[[key]]\npublic_key = \"{public}\"\nperson = \"{person}\"\nname = \"{name}\"\n\
             organisation = \"{organisation}\"\nroles = [\"{role}\"]\n\
             valid_from = \"2022-01-01\"\nvalid_until = \"2099-12-31\"\n\n"
        ));
    }
    let trust = rehearsal.write("trust.toml", trust.as_bytes())?;
    let ministry = value(&keygen(programs, &keys, "archive", "ministry.age")?, "recipient")?;
    let escrow = value(&keygen(programs, &keys, "archive", "escrow.age")?, "recipient")?;
    let (schema, class) = match target {
        Endpoint::Postgres(_) => ("public", "handover.identity_number_class"),
        Endpoint::Sqlite(_) => ("main", "handover_identity_number_class"),
    };
    let path = handover.path().join(CONFIG_FILE);
    let config = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let purge = include_str!("purge.toml")
        .replace("{schema}", schema)
        .replace("{class}", class)
        .replace("{ministry}", &ministry)
        .replace("{escrow}", &escrow);
    handover.write(CONFIG_FILE, format!("{config}{purge}").as_bytes())?;
    print_text(&format!(
        "Six people have keys that sign; whose counts as what: {}\nTwo keys open archives, one \
         of them in escrow.\n",
        trust.display()
    ))?;
    Ok(keys)
}

fn keygen(programs: &Programs, keys: &Keys, purpose: &str, file: &str) -> Result<String> {
    let file = keys.file(file);
    let words: [&Path; 6] = [
        "keygen".as_ref(),
        purpose.as_ref(),
        "--out".as_ref(),
        &file,
        "--passphrase-file".as_ref(),
        &keys.passphrase(),
    ];
    programs.migrate(&words.map(Path::as_os_str), 0)
}

/// The value of a line `name   value`.
fn value(text: &str, name: &str) -> Result<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    Ok(line.with_context(|| format!("keygen said no {name}"))?.trim().to_owned())
}
