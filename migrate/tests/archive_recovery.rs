//! `RECOVERY.md` of an archive, word for word: `age`, `zstd`, `sha256sum`, `awk` and `psql` bring
//! back one record, with the proof that it is what was signed, and whole tables.

use std::fs;
use std::path::PathBuf;

use handover_testkit::{Database, Outcome, Run};

use crate::package_made::keys;
use crate::purge_broken::edit_file;
use crate::purge_made::{Engine, PurgeMade, Until};

/// A table whose names and values have everything that a shell, `awk` or COPY could take for
/// something else.
const ODD: &str = "
    create schema \"Sổ Tiêm\";
    create table \"Sổ Tiêm\".\"Phiếu Hẹn\" (
        \"Mã số\" text primary key, \"Người\" bigint not null references subjects (number),
        \"Ghi chú 'x'\" text, \"Lúc\" timestamptz, \"Ảnh\" bytea, \"Tệp %s\" jsonb,
        \"a'; echo hello #\" text, \"$(echo hello)`echo hello`\" text, \"hai
```

# dòng
```sh
echo hello\" text,
        \"{loads}\u{202e}\" text
    );
    insert into \"Sổ Tiêm\".\"Phiếu Hẹn\" values
        ('P-1', 1, E'a\\tb\\nc\\\\d\\r', '2021-08-01 10:00:00.5+07', '\\x00ff', '{\"a\": \"%s\"}'),
        ('P-2', 2, 'ở lại', null, null, null),
        (E'P\\\\n3 %d', 3, '', '2021-08-01', '\\x', 'null'),
        (E'P\\tđ', 5, null, 'infinity', null, '[]');";

struct Desk {
    made: PurgeMade,
    recovered: Database,
    identity: PathBuf,
    before: Vec<(String, String)>,
}

const TABLES: [(&str, &str, &str); 4] = [
    ("subjects", "public.subjects", "number % 2 = 1"),
    ("doses", "public.doses", "subject % 2 = 1"),
    ("cards", "public.cards", "dose / 10 % 2 = 1"),
    ("Phiếu", "\"Sổ Tiêm\".\"Phiếu Hẹn\"", "\"Người\" % 2 = 1"),
];

/// The second recipient's key becomes one without a passphrase.
fn identity_of_second(made: &PurgeMade) -> PathBuf {
    let (identities, public) = keys(&made.at("plain"), 1);
    let config = made.dir().join("handover.toml");
    let text = fs::read_to_string(&config).unwrap();
    let second = text.split("name = \"second\"\nkey = \"").nth(1).unwrap();
    edit_file(&config, second.split('"').next().unwrap(), &public[0]);
    identities[0].clone()
}

impl Desk {
    /// A purge that is certified; what was deleted is known from before.
    fn new() -> Self {
        let made = PurgeMade::begin(Engine::Postgres);
        made.fill();
        made.sql(ODD);
        let identity = identity_of_second(&made);
        let config = made.dir().join("handover.toml");
        edit_file(&config, "\"public.cards\"]", "\"public.cards\", \"Sổ Tiêm.Phiếu Hẹn\"]");
        let before = TABLES.map(|(_, table, listed)| {
            let rows = format!("select t::text from {table} t where {listed} order by 1");
            (table.to_owned(), made.sql(&rows))
        });
        made.go_on(Until::Certified);
        let recovered = Database::create();
        Self { made, recovered, identity, before: before.to_vec() }
    }

    /// The same in a SQLite file, some of whose values are none of their column's type.
    fn of_file() -> Self {
        let made = PurgeMade::begin(Engine::Sqlite);
        made.fill();
        made.sql(
            "update doses set volume = 'half a vial', given_on = 20210802 where number = 10;
             update cards set picture = 'a' || char(9) || '\\I1', note = '\\I1' where code = 'QR-1-a';
             update cards set picture = 1.5 where code = 'QR-1-b';",
        );
        let identity = identity_of_second(&made);
        made.go_on(Until::Certified);
        Self { made, recovered: Database::create(), identity, before: Vec::new() }
    }

    /// Runs a block of the page.
    fn block(&self, block: &str, table: &str, column: u32, value: &str) -> Outcome {
        Run::program("sh")
            .args(["-e", "-c", block])
            .env("IDENTITY", &self.identity)
            .env("DATABASE", self.recovered.url())
            .env("TABLE", table)
            .env("COLUMN", column.to_string())
            .env("VALUE", value)
            .dir(self.made.archive())
            .go()
    }

    /// Name of the folder whose name has this.
    fn folder(&self, part: &str) -> String {
        let rows = fs::read_dir(self.made.archive().join("data/rows")).unwrap();
        let mut names: Vec<String> =
            rows.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        let page = fs::read_to_string(self.made.archive().join("RECOVERY.md")).unwrap();
        let named = |name: &&String| {
            let line = page.lines().find(|line| line.starts_with(&format!("`{name}`: `")));
            line.is_some_and(|line| line.contains(part))
        };
        names.iter().find(named).unwrap().clone()
    }
}

#[test]
fn everything_comes_back_with_standard_programs() {
    let desk = Desk::new();
    let page = fs::read_to_string(desk.made.archive().join("RECOVERY.md")).unwrap();
    let blocks: Vec<&str> =
        page.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
    let [seal, check, lines, proof, digest, settings, loads @ ..] = blocks.as_slice() else {
        panic!("{page}");
    };
    assert_eq!(loads.len(), TABLES.len());
    // No name is a heading, a line of its own, or anything but a word of a command.
    assert!(!page.contains("\n# dòng") && !page.contains('\u{202e}'), "{page}");
    assert!(page.contains("````hai\\n```\\n\\n# dòng\\n```sh\\necho hello````"), "{page}");
    let subjects = desk.folder("subjects");
    let run = |block: &str| desk.block(block, &subjects, 1, "5");

    // The seal is the one that people signed; nothing is damaged.
    let sealed = run(seal);
    let digits = sealed.expect(0).stdout.split(' ').next().unwrap();
    let backup = desk.made.sql("select backup from handover.purge");
    assert!(backup.contains(digits), "{backup}");
    assert_eq!(run(check).expect(0).stdout, "");

    // One record, and the proof that it is what was signed.
    let odd = desk.folder("Phiếu");
    for (table, column, value, has) in [
        (&subjects, 1, "5", "Phạm Thị Giang"),
        (&subjects, 3, "001000000009", "Hồ Ngọc Mai"),
        (&desk.folder("cards"), 1, "QR-7-b", "QR-7-b"),
        (&odd, 1, "P-1", "a\\tb\\nc\\\\d\\r"),
        // As they stand in the lines.
        (&odd, 1, "P\\\\n3 %d", "null"),
        (&odd, 1, "P\\tđ", "infinity"),
    ] {
        let found = desk.block(lines, table, column, value);
        assert_eq!(found.expect(0).stdout.lines().count(), 1, "{value}: {}", found.stdout);
        assert!(found.stdout.contains(has), "{}", found.stdout);
        let proved = desk.block(proof, table, column, value);
        let two: Vec<&str> = proved.expect(0).stdout.lines().collect();
        assert!(two.len() == 2 && two[0] == two[1] && two[0].len() == 64, "{value}: {two:?}");
    }
    // Who was not deleted is not in it.
    assert_eq!(desk.block(lines, &subjects, 1, "4").expect(0).stdout, "");

    // The digest of a whole table is the one that is printed before it.
    for (part, ..) in TABLES {
        let folder = desk.folder(part);
        let said = desk.block(digest, &folder, 1, "");
        let (listed, computed) = said.expect(0).stdout.trim_end().rsplit_once('\n').unwrap();
        let computed = computed.split(' ').next().unwrap();
        let of_table = listed.lines().find(|line| line.contains(&folder)).unwrap();
        assert!(of_table.contains(computed), "{listed}\n{computed}");
    }

    // Whole tables, and what they were before.
    for load in loads {
        let said = run(&format!("{settings}\n{load}"));
        assert_eq!((said.expect(0).stdout.as_str(), said.stderr.as_str()), ("", ""));
    }
    let names = "select string_agg(attname, '|' order by attnum) from pg_attribute where attnum > 6 \
                 and attrelid = (select oid from pg_class where relname = ";
    let odd_names = desk.recovered.query(&format!("{names}'{odd}')"));
    for name in
        ["a'; echo hello #", "$(echo hello)`echo hello`", "hai\n```\n\n# dòng\n```sh\necho hello"]
    {
        assert!(odd_names.contains(name), "{odd_names}");
    }
    for ((part, ..), (table, before)) in TABLES.iter().zip(&desk.before) {
        let folder = desk.folder(part);
        let rows = format!("select t::text from recovered.\"{folder}\" t order by 1");
        assert!(desk.recovered.query(&rows).trim_end_matches('\n') == before, "{table}");
    }
}

/// Rows of a file come into columns of texts, which take everything that a file may hold.
#[test]
fn rows_of_a_sqlite_file_are_loaded_as_they_stand() {
    let desk = Desk::of_file();
    let page = fs::read_to_string(desk.made.archive().join("RECOVERY.md")).unwrap();
    let blocks: Vec<&str> =
        page.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
    let [_, _, _, _, _, settings, loads @ ..] = blocks.as_slice() else { panic!("{page}") };
    for load in loads {
        desk.block(&format!("{settings}\n{load}"), "", 1, "").expect(0);
    }
    let (doses, cards) = (desk.folder("doses"), desk.folder("cards"));
    assert_eq!(
        desk.recovered.query(&format!(
            "select number, given_on, volume from recovered.\"{doses}\" where number in ('10', '11') order by 1"
        )),
        "10|\\I20210802|\\Thalf a vial\n11|2021-11-01|1.25"
    );
    assert_eq!(
        desk.recovered.query(&format!(
            "select picture, note from recovered.\"{cards}\" where code like 'QR-1-%' order by code"
        )),
        "\\Ta\t\\I1|\\\\I1\n\\R3ff8000000000000|"
    );
}

/// Somebody who follows the page notices a byte that changed.
#[test]
fn the_commands_stop_at_damage() {
    let desk = Desk::new();
    let page = fs::read_to_string(desk.made.archive().join("RECOVERY.md")).unwrap();
    let check = page.split("\n```sh\n").nth(2).unwrap().split("\n```").next().unwrap();
    let file = desk.made.archive().join("leaves.bin");
    let mut bytes = fs::read(&file).unwrap();
    bytes[40] ^= 1;
    fs::write(&file, bytes).unwrap();
    let said = desk.block(check, "", 1, "");
    assert!(said.expect(1).stdout.contains("leaves.bin: FAILED"), "{}", said.stdout);
}
