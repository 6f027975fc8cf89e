//! PostgreSQL to PostgreSQL: one value is changed, by the least there is.

use crate::judged::judge;
use crate::mutation::Seed;

#[test]
fn nothing_changed_is_equal_and_prints_the_same_bytes_again() {
    let seed = Seed::of_everything();
    let target = seed.target();
    let first = judge(&seed.source.url(), &target.url());
    assert_eq!(first.brief(), [""; 0]);
    let second = judge(&seed.source.url(), &target.url());
    assert_eq!(first.outcome.stdout, second.outcome.stdout);
}

#[test]
fn what_is_the_same_value_is_no_finding() {
    let seed = Seed::of_everything();
    for change in [
        // A row that moved within its table.
        "update scalars set note = note where id = 3; cluster scalars using scalars_pkey",
        "alter table scalars set (fillfactor = 50); vacuum full scalars",
        // Blanks at the end of a char(n) are padding.
        "update scalars set code = 'LOT-3   ' where id = 3",
        "update moments set instant = '2021-03-08 15:15:00.123456+07' where id = 3",
        "update documents set parsed = '{\"b\": [1.50, 2], \"a\": 1}' where id = 3",
        "alter table people drop constraint people_pkey; alter table people add primary key (identity)",
    ] {
        assert_eq!(seed.judge_after(change).brief(), [""; 0], "{change}");
    }
}

#[test]
fn whole_numbers() {
    Seed::of_everything().each_is_found(&[
        (
            "update scalars set flag = not flag where id = 3",
            &["public.scalars: rows_differ (flag) value_changed 1 [3]"],
        ),
        (
            "update scalars set small = small # 1::int2 where id = 3",
            &["public.scalars: rows_differ (small) one_character 1 [3]"],
        ),
        (
            "update scalars set whole = -whole where id = 8",
            &["public.scalars: rows_differ (whole) sign_changed 1 [8]"],
        ),
        // What became of it on its way through a double.
        (
            "update scalars set large = large + 1 where id = 4",
            &["public.scalars: rows_differ (large) one_character 1 [4]"],
        ),
        (
            "update scalars set large = 9007199254740990 where id = 5",
            &["public.scalars: rows_differ (large) value_changed 1 [5]"],
        ),
        (
            "update scalars set whole = 100030 where id = 3",
            &["public.scalars: rows_differ (whole) digits_swapped 1 [3]"],
        ),
        (
            "update scalars set whole = null where id = 2",
            &["public.scalars: rows_differ (whole) became_null 1 [2]"],
        ),
        (
            "update scalars set whole = 0 where id = 1",
            &["public.scalars: rows_differ (whole) was_null 1 [1]"],
        ),
    ]);
}

#[test]
fn fractions() {
    Seed::of_everything().each_is_found(&[
        // The next floating-point number.
        (
            "update scalars set single = '4.5000005' where id = 3",
            &["public.scalars: rows_differ (single) value_changed 1 [3]"],
        ),
        (
            "update scalars set double = '0.30000000000000004' where id = 3",
            &["public.scalars: rows_differ (double) value_changed 1 [3]"],
        ),
        (
            "update scalars set double = '0.30000000000000016' where id = 3",
            &["public.scalars: rows_differ (double) value_changed 1 [3]"],
        ),
        (
            "update scalars set single = '-0' where id = 2",
            &["public.scalars: rows_differ (single) sign_changed 1 [2]"],
        ),
        (
            "update scalars set double = '-0' where id = 2",
            &["public.scalars: rows_differ (double) sign_changed 1 [2]"],
        ),
        (
            "update scalars set double = 'NaN' where id = 6",
            &["public.scalars: rows_differ (double) value_changed 1 [6]"],
        ),
        (
            "update scalars set price = price + 0.01 where id = 7",
            &["public.scalars: rows_differ (price) one_character 1 [7]"],
        ),
        (
            "update scalars set exact = 4.5 where id = 3",
            &["public.scalars: rows_differ (exact) scale_changed 1 [3]"],
        ),
        (
            "update scalars set exact = 4.500 where id = 3",
            &["public.scalars: rows_differ (exact) scale_changed 1 [3]"],
        ),
        (
            "update scalars set exact = 450 where id = 3",
            &["public.scalars: rows_differ (exact) decimal_point_moved 1 [3]"],
        ),
        (
            "update scalars set exact = 'NaN' where id = 3",
            &["public.scalars: rows_differ (exact) value_changed 1 [3]"],
        ),
    ]);
}

#[test]
fn texts() {
    Seed::of_everything().each_is_found(&[
        (
            "update scalars set note = note || ' ' where id = 3",
            &["public.scalars: rows_differ (note) trailing_blanks 1 [3]"],
        ),
        (
            "update scalars set label = label || ' ' where id = 3",
            &["public.scalars: rows_differ (label) trailing_blanks 1 [3]"],
        ),
        (
            "update scalars set note = normalize(note, nfd) where id = 3",
            &["public.scalars: rows_differ (note) normalisation_form 1 [3]"],
        ),
        (
            "update scalars set note = '' where id = 1",
            &["public.scalars: rows_differ (note) null_became_empty 1 [1]"],
        ),
        (
            "update scalars set note = null where id = 2",
            &["public.scalars: rows_differ (note) empty_became_null 1 [2]"],
        ),
        // The text that stands for NULL.
        (
            "update scalars set note = '\\N' where id = 1",
            &["public.scalars: rows_differ (note) was_null 1 [1]"],
        ),
        (
            "update scalars set note = upper(note) where id = 4",
            &["public.scalars: rows_differ (note) letter_case 1 [4]"],
        ),
        (
            "update scalars set code = lower(code) where id = 4",
            &["public.scalars: rows_differ (code) letter_case 1 [4]"],
        ),
        (
            "update scalars set code = ' LOT-4' where id = 4",
            &["public.scalars: rows_differ (code) leading_blanks 1 [4]"],
        ),
    ]);
}

#[test]
fn texts_that_were_damaged() {
    Seed::of_everything().each_is_found(&[
        (
            "update scalars set label = left(label, 10) where id = 5",
            &["public.scalars: rows_differ (label) truncated 1 [5]"],
        ),
        (
            "update scalars set label = 'Nguyen Thi Hoa 5' where id = 5",
            &["public.scalars: rows_differ (label) accents_lost 1 [5]"],
        ),
        (
            "update scalars set label = replace(label, 'ễ', '?') where id = 5",
            &["public.scalars: rows_differ (label) encoding_damage 1 [5]"],
        ),
        (
            "update scalars set note = replace(note, chr(10), chr(13) || chr(10)) where id = 7",
            &["public.scalars: rows_differ (note) line_endings 1 [7]"],
        ),
        (
            "update scalars set note = replace(note, chr(9), ' ') where id = 7",
            &["public.scalars: rows_differ (note) blanks 1 [7]"],
        ),
        (
            "update scalars set note = replace(note, '\\', '\\\\') where id = 7",
            &["public.scalars: rows_differ (note) one_character 1 [7]"],
        ),
        (
            "update scalars set note = note || chr(8203) where id = 7",
            &["public.scalars: rows_differ (note) invisible_characters 1 [7]"],
        ),
        (
            "update scalars set note = 'Tiêm mũi 9' where id = 8",
            &["public.scalars: rows_differ (note) one_character 1 [8]"],
        ),
        (
            "update scalars set photo = set_bit(photo, 5, 1 - get_bit(photo, 5)) where id = 6",
            &["public.scalars: rows_differ (photo) bit_flipped 1 [6]"],
        ),
        (
            "update scalars set photo = photo || '\\x00' where id = 6",
            &["public.scalars: rows_differ (photo) value_changed 1 [6]"],
        ),
        (
            "update scalars set photo = '' where id = 1",
            &["public.scalars: rows_differ (photo) was_null 1 [1]"],
        ),
        (
            "update scalars set token = overlay(token::text placing '1' from 36)::uuid where id = 2",
            &["public.scalars: rows_differ (token) one_character 1 [2]"],
        ),
    ]);
}

#[test]
fn dates_and_times() {
    Seed::of_everything().each_is_found(&[
        (
            "update moments set day = day + 1 where id = 2",
            &["public.moments: rows_differ (day) day_shifted 1 [2]"],
        ),
        (
            "update moments set day = '2021-04-03' where id = 2",
            &["public.moments: rows_differ (day) day_month_swapped 1 [2]"],
        ),
        (
            "update moments set day = '-infinity' where id = 6",
            &["public.moments: rows_differ (day) sign_changed 1 [6]"],
        ),
        (
            "update moments set clock = clock + interval '1 microsecond' where id = 2",
            &["public.moments: rows_differ (clock) fraction_changed 1 [2]"],
        ),
        (
            "update moments set clock = '00:00:00' where id = 6",
            &["public.moments: rows_differ (clock) value_changed 1 [6]"],
        ),
        (
            "update moments set local = local + interval '1 microsecond' where id = 3",
            &["public.moments: rows_differ (local) fraction_changed 1 [3]"],
        ),
        (
            "update moments set local = local + interval '1 microsecond' where id = 4",
            &["public.moments: rows_differ (local) fraction_rounded 1 [4]"],
        ),
        (
            "update moments set local = local::timestamp(0) where id = 3",
            &["public.moments: rows_differ (local) microseconds_lost 1 [3]"],
        ),
        (
            "update moments set local = '2021-03-08 08:15:00.124' where id = 3",
            &["public.moments: rows_differ (local) fraction_rounded 1 [3]"],
        ),
        (
            "update moments set local = local + interval '7 hours' where id = 4",
            &["public.moments: rows_differ (local) time_shifted 1 [4]"],
        ),
        (
            "update moments set local = date_trunc('day', local) where id = 5",
            &["public.moments: rows_differ (local) time_of_day_lost 1 [5]"],
        ),
        (
            "update moments set instant = instant + interval '1 microsecond' where id = 2",
            &["public.moments: rows_differ (instant) fraction_changed 1 [2]"],
        ),
        (
            "update moments set instant = instant - interval '7 hours' where id = 4",
            &["public.moments: rows_differ (instant) time_shifted 1 [4]"],
        ),
        // Intervals that PostgreSQL itself calls equal.
        (
            "update moments set span = '30 days' where id = 3",
            &["public.moments: rows_differ (span) value_changed 1 [3]"],
        ),
        (
            "update moments set span = '24 hours' where id = 4",
            &["public.moments: rows_differ (span) value_changed 1 [4]"],
        ),
        (
            "update moments set span = span + interval '1 microsecond' where id = 2",
            &["public.moments: rows_differ (span) fraction_changed 1 [2]"],
        ),
    ]);
}

#[test]
fn documents_and_arrays() {
    Seed::of_everything().each_is_found(&[
        (
            "update documents set raw = '{\"a\":1, \"b\": [1, 2]}' where id = 3",
            &["public.documents: rows_differ (raw) json_spacing 1 [3]"],
        ),
        (
            "update documents set raw = '{\"b\": [1, 2], \"a\": 1}' where id = 3",
            &["public.documents: rows_differ (raw) json_key_order 1 [3]"],
        ),
        (
            "update documents set raw = 'null' where id = 1",
            &["public.documents: rows_differ (raw) was_null 1 [1]"],
        ),
        // jsonb calls these numbers equal.
        (
            "update documents set parsed = '{\"a\": 1, \"b\": [1.5, 2]}' where id = 3",
            &["public.documents: rows_differ (parsed) one_character 1 [3]"],
        ),
        (
            "update documents set parsed = '{\"dose\": \"Mũi 1 \"}' where id = 4",
            &["public.documents: rows_differ (parsed) one_character 1 [4]"],
        ),
        (
            "update documents set state = 'refused' where id = 2",
            &["public.documents: rows_differ (state) value_changed 1 [2]"],
        ),
        (
            "update documents set numbers[2] = 5 where id = 3",
            &["public.documents: rows_differ (numbers) one_character 1 [3]"],
        ),
        (
            "update documents set numbers = '{1,2,3,4}' where id = 4",
            &["public.documents: rows_differ (numbers) value_changed 1 [4]"],
        ),
        (
            "update documents set numbers = '[0:2]={1,2,3}' where id = 3",
            &["public.documents: rows_differ (numbers) value_changed 1 [3]"],
        ),
        // The word in place of the value, the empty text in place of nothing.
        (
            "update documents set words[2] = 'NULL' where id = 3",
            &["public.documents: rows_differ (words) value_changed 1 [3]"],
        ),
        (
            "update documents set words = '{}' where id = 4",
            &["public.documents: rows_differ (words) value_changed 1 [4]"],
        ),
        (
            "update documents set times[1] = times[1] + interval '1 microsecond' where id = 3",
            &["public.documents: rows_differ (times) value_changed 1 [3]"],
        ),
    ]);
}

#[test]
fn types_that_go_over_the_text_wire() {
    Seed::of_everything().each_is_found(&[
        (
            "update wired set home = '(Hoà Bình,12)' where id = 2",
            &["public.wired: rows_differ (home) accents_changed 1 [2]"],
        ),
        (
            "update wired set home = '(\"\",)' where id = 3",
            &["public.wired: rows_differ (home) value_changed 1 [3]"],
        ),
        (
            "update wired set host = '10.0.0.1/24' where id = 2",
            &["public.wired: rows_differ (host) value_changed 1 [2]"],
        ),
        (
            "update wired set states = '{refused,given}' where id = 2",
            &["public.wired: rows_differ (states) value_changed 1 [2]"],
        ),
        (
            "update wired set tel = '+84912345678' where id = 2",
            &["public.wired: rows_differ (tel) value_changed 1 [2]"],
        ),
        (
            "update wired set during = '[2021-03-08,2021-03-09]' where id = 2",
            &["public.wired: rows_differ (during) one_character 1 [2]"],
        ),
        (
            "update wired set seen = seen + interval '1 microsecond' where id = 2",
            &["public.wired: rows_differ (seen) fraction_changed 1 [2]"],
        ),
        (
            "update wired set note = normalize(note, nfd) where id = 2",
            &["public.wired: rows_differ (note) normalisation_form 1 [2]"],
        ),
        (
            "update wired set note = null where id = 3",
            &["public.wired: rows_differ (note) empty_became_null 1 [3]"],
        ),
    ]);
}
