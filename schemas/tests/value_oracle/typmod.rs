//! What a column `numeric(precision, scale)` holds, by the server's own cast.

use handover_schemas::pg_type::PgType;
use handover_schemas::value::{Cell, NumericBuf, decode, render};
use handover_testkit::Database;

use crate::server::{copy_in, copy_out, split_lines, stream};
use crate::values::{self, sample};

const COLUMNS: [(u16, u16); 8] =
    [(1, 0), (5, 0), (5, 5), (10, 2), (12, 4), (20, 10), (38, 0), (200, 100)];

/// `NULL` where the cast fails or changes the number, else its text after the cast.
const CAST: &str = "
    create function held(v numeric, type text) returns text language plpgsql as $$
    declare cast_to numeric;
    begin
        execute format('select %L::%s', v, type) into cast_to;
        return case when cast_to = v then cast_to::text end;
    exception when numeric_value_out_of_range then
        return null;
    end $$";

#[test]
fn columns_of_fixed_precision() {
    let wires: Vec<_> = sample(values::numeric(), 2_000).into_iter().flatten().map(Some).collect();
    let database = Database::create();
    database.sql(&format!("create table t (id bigint, v numeric); {CAST}"));
    copy_in(&database, "copy t from stdin (format binary)", &stream(&wires));
    for (precision, scale) in COLUMNS {
        let held = format!("held(v, 'numeric({precision}, {scale})')");
        let text =
            copy_out(&database, &format!("copy (select {held} from t order by id) to stdout"));
        let (mut held, mut refused) = (0, 0);
        for (wire, line) in wires.iter().flatten().zip(split_lines(&text)) {
            let Ok(Cell::Numeric(number)) = decode(&PgType::Numeric, wire) else { panic!() };
            let number = number.to_buf();
            let mut ours = Vec::new();
            let scaled = number.with_scale(scale).filter(|_| number.fits(precision, scale));
            if let Some(scaled) = scaled {
                held += 1;
                render(&Cell::Numeric(scaled.as_numeric()), &mut ours);
            } else {
                refused += 1;
                ours.extend(b"\\N");
            }
            ours.push(b'\n');
            assert_eq!(
                String::from_utf8_lossy(&ours),
                String::from_utf8_lossy(line),
                "in numeric({precision}, {scale}): {}",
                text_of(&number)
            );
        }
        assert!(held > 20 && refused > 20, "({precision}, {scale}): {held} and {refused}");
    }
}

fn text_of(number: &NumericBuf) -> String {
    let mut text = Vec::new();
    render(&Cell::Numeric(number.as_numeric()), &mut text);
    String::from_utf8(text).unwrap()
}
