//! A finished purge of which somebody changed one thing: the auditor finds it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::package_made::{files_below, keys};
use crate::purge_broken::{CERTIFY, ENGINES, edit_file, holds, ledger_table, verify};
use crate::purge_made::{Engine, PurgeMade, Until};

/// Manipulations of files, for each engine.
const FLIPS: usize = 50;

/// The columns of the ledger that say something about a purge; what else there is are moments that
/// nothing rests on, and numbers that only tie its tables together.
const COLUMNS: [(&str, &str, &str); 5] = [
    (
        "purge",
        "purge_no",
        "state rule_name selection salt_key backup outcome certificate checkpoint",
    ),
    (
        "purge_chunk",
        "purge_no table_no chunk_no",
        "table_no chunk_no first_position row_count leaves",
    ),
    (
        "purge_batch",
        "purge_no table_no first_position",
        "table_no first_position row_count deleted changed referenced absent",
    ),
    ("purge_kept", "purge_no table_no position", "table_no position reason"),
    ("purge_authority", "authority_no", "nonce approval execution"),
];

/// A certified purge, some rows of which were kept, opened with a key without a passphrase.
struct Audited {
    made: PurgeMade,
    identity: PathBuf,
}

impl Audited {
    fn new(engine: Engine) -> Self {
        let made = PurgeMade::until(engine, Until::Made);
        let (identities, public) = keys(&made.at("plain"), 1);
        let config = made.dir().join("handover.toml");
        let text = fs::read_to_string(&config).unwrap();
        let second = text.split("name = \"second\"\nkey = \"").nth(1).unwrap();
        edit_file(&config, second.split('"').next().unwrap(), &public[0]);
        made.go_on(Until::Approved);
        made.sql(
            "update subjects set phone = '1' where number = 7;
             delete from cards where code = 'QR-3-a'",
        );
        made.purge(&["execute", "--key", "operator.pem", "--batch-rows", "3"]).go().expect(1);
        made.purge(&CERTIFY).go().expect(0);
        holds(&made);
        Self { made, identity: identities[0].clone() }
    }

    /// What the auditor says: the exit code, and everything that was printed.
    fn judged(&self) -> (i32, String) {
        let outcome = verify(&self.made).arg("--identity").arg(&self.identity).go();
        (outcome.code.unwrap(), format!("{}{}", outcome.stdout, outcome.stderr))
    }

    /// One thing is not as it was: found, or it is said why nothing can be.
    #[track_caller]
    fn is_found(&self, what: &str, missed: &mut Vec<String>) {
        let (code, said) = self.judged();
        let told = match code {
            1 => said.contains("  FINDING"),
            2 => said.contains("error: ") || said.contains("verdict: unverified"),
            _ => false,
        };
        if !told {
            missed.push(format!("{what}: exit {code}"));
        }
    }

    fn quoted(&self, table: &str, column: &str, row: &str) -> String {
        let quote = if self.made.engine() == Engine::Postgres { "quote_nullable" } else { "quote" };
        self.made.sql(&format!("select {quote}({column}) from {table} where {row}"))
    }

    /// Changes every column of one row of every table of the ledger, one after the other.
    fn change_ledger(&self, dice: &mut ChaCha8Rng, missed: &mut Vec<String>) -> usize {
        let mut changes = 0;
        for (name, keys, columns) in COLUMNS {
            let table = ledger_table(&self.made, name);
            let keys: Vec<&str> = keys.split(' ').collect();
            let rows = self.made.sql(&format!(
                "select '{}' from {table} order by 1",
                keys.iter()
                    .map(|key| format!("{key} = ' || {key} || '"))
                    .collect::<Vec<_>>()
                    .join(" and ")
            ));
            let rows: Vec<&str> = rows.lines().collect();
            for column in columns.split(' ') {
                let row = rows[usize::try_from(dice.next_u64()).unwrap() % rows.len()];
                let old = self.quoted(&table, column, row);
                let new = changed(self.made.engine(), column, &old, dice);
                let rest: Vec<String> = keys
                    .iter()
                    .zip(row.split(" and "))
                    .map(|(key, condition)| {
                        if *key == column { format!("{key} = {new}") } else { condition.to_owned() }
                    })
                    .collect();
                self.made.sql(&format!("update {table} set {column} = {new} where {row}"));
                self.is_found(&format!("{table}.{column} of {row}"), missed);
                let rest = rest.join(" and ");
                self.made.sql(&format!("update {table} set {column} = {old} where {rest}"));
                changes += 1;
            }
        }
        changes
    }

    /// Flips one bit of files of the archive and of statements.
    fn flip(&self, dice: &mut ChaCha8Rng, missed: &mut Vec<String>) -> usize {
        let statements = self.made.statement("");
        let mut files: Vec<PathBuf> = files_below(&self.made.archive())
            .iter()
            .map(|file| self.made.archive().join(file))
            .collect();
        let of_statements = files_below(&statements);
        // The approval as people sign it is a draft: what was used is kept beside it.
        let kept = of_statements.iter().filter(|name| *name != "approval.dsse.json");
        let kept: Vec<PathBuf> = kept.map(|file| statements.join(file)).collect();
        let mut flips = 0;
        for at in 0..FLIPS {
            // Half of them in the few statements.
            let from = if at % 2 == 0 { &mut files } else { &mut kept.clone() };
            let file = from[usize::try_from(dice.next_u64()).unwrap() % from.len()].clone();
            let sound = fs::read(&file).unwrap();
            let mut bytes = sound.clone();
            if bytes.is_empty() {
                continue;
            }
            let place = usize::try_from(dice.next_u64()).unwrap() % bytes.len();
            bytes[place] ^= 1 << (dice.next_u64() % 8);
            fs::write(&file, bytes).unwrap();
            self.is_found(&format!("byte {place} of {}", name(&file)), missed);
            fs::write(&file, sound).unwrap();
            flips += 1;
        }
        flips
    }

    /// Rows of the platform: what was deleted may not come back; what others did later is no fault.
    fn change_rows(&self, missed: &mut Vec<String>) {
        let over = match self.made.engine() {
            Engine::Postgres => "overriding system value",
            Engine::Sqlite => "",
        };
        for (put, take) in [
            (
                "insert into subjects (number, name, status) values (5, 'Người khác', 'verified')"
                    .to_owned(),
                "delete from subjects where number = 5",
            ),
            (
                "insert into cards values ('QR-9-a', 20, null, null)".to_owned(),
                "delete from cards where code = 'QR-9-a'",
            ),
            (
                format!("insert into doses {over} values (31, 2, '2021-11-03', 'Vero', 1.25)"),
                "delete from doses where number = 31",
            ),
        ] {
            self.made.sql(&put);
            self.is_found(&put, missed);
            self.made.sql(take);
        }
        for (change, undo) in [
            (
                "update places set name = 'Hà Tây' where code = 'HN'",
                "update places set name = 'Hà Nội' where code = 'HN'",
            ),
            (
                "update doses set vaccine = 'X' where number = 20",
                "update doses set vaccine = 'AZ' where number = 20",
            ),
            (
                "insert into subjects (number, name, status) values (99, 'Mới', 'unverified')",
                "delete from subjects where number = 99",
            ),
            (
                "update subjects set phone = '2' where number = 7",
                "update subjects set phone = '1' where number = 7",
            ),
        ] {
            self.made.sql(change);
            let (code, said) = self.judged();
            let later = said.contains("  later ") || change.contains("places");
            if code != 0 || !later || said.contains("FINDING") {
                missed
                    .push(format!("{change}: a false alarm, or nothing said: exit {code}\n{said}"));
            }
            self.made.sql(undo);
        }
    }
}

fn name(file: &Path) -> String {
    file.components()
        .rev()
        .take(3)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" < ")
}

/// Another value for a column, as SQL.
fn changed(engine: Engine, column: &str, old: &str, dice: &mut ChaCha8Rng) -> String {
    match column {
        "state" => {
            let states = ["selected", "backed_up", "executing", "executed", "abandoned"];
            format!("'{}'", states[usize::try_from(dice.next_u64()).unwrap() % states.len()])
        }
        "reason" if old == "'absent'" => "'changed'".to_owned(),
        "reason" => "'absent'".to_owned(),
        "salt_key" => format!("'{}'", "ab".repeat(32)),
        _ => {
            if let Ok(number) = old.trim_matches('\'').parse::<u64>() {
                return (number + 50 + dice.next_u64() % 5).to_string();
            }
            // A letter or digit of a text, anywhere.
            let mut text: Vec<char> = old.chars().collect();
            let begin = if engine == Engine::Postgres { 4 } else { 3 };
            loop {
                let at = begin + usize::try_from(dice.next_u64()).unwrap() % (text.len() - begin);
                if text[at].is_ascii_alphanumeric() {
                    text[at] = if text[at] == '1' { '2' } else { '1' };
                    return text.into_iter().collect();
                }
            }
        }
    }
}

#[test]
fn one_thing_that_was_changed_is_found() {
    let seed = env::var("HANDOVER_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(20_261_122);
    println!("seed {seed} (another one: HANDOVER_TEST_SEED)");
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    for engine in ENGINES {
        let audited = Audited::new(engine);
        let mut missed = Vec::new();
        let changes = audited.change_ledger(&mut dice, &mut missed);
        assert_eq!(audited.judged().0, 0, "the ledger was not put back");
        let flips = audited.flip(&mut dice, &mut missed);
        audited.change_rows(&mut missed);
        println!("{engine:?}: {changes} changes of the ledger, {flips} flipped bits");
        assert!(missed.is_empty(), "{engine:?}: not found:\n{}", missed.join("\n"));
        let (code, said) = audited.judged();
        assert_eq!(code, 0, "a false alarm:\n{said}");
    }
}
