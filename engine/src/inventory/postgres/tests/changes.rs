//! Changes, one at a time, and what each of them has to be reported as.

use crate::inventory::ObjectKind::{self, self as K};
use crate::inventory::difference::ObjectChange::{self, Different, Extra, Missing};

/// What is done to a copy, and what then differs from the original.
pub(super) type Change = (&'static str, &'static [(ObjectKind, &'static str, ObjectChange)]);

pub(super) const CHANGES: &[Change] = &[
    ("select 1", &[]),
    (
        "alter table app.person drop constraint age_range",
        &[(K::Check, "app.person.age_range", Missing)],
    ),
    (
        "alter table app.person drop constraint age_range, add constraint age_range
               check (age between 0 and 150 and age <> 77) not valid",
        &[(K::Check, "app.person.age_range", Different)],
    ),
    (
        "alter table app.visit drop constraint visit_person",
        &[(K::ForeignKey, "app.visit.visit_person", Missing)],
    ),
    (
        "alter table app.visit disable trigger all",
        &[(K::ForeignKey, "app.visit.visit_person", Different)],
    ),
    (
        "alter table app.log_2020 disable trigger all; alter table app.log_2020 enable trigger logged",
        &[
            (K::ForeignKey, "app.log.log_person_fkey", Different),
            (K::ForeignKey, "app.log_note.log_note_at_fkey", Different),
        ],
    ),
    (
        "alter table app.person drop constraint person_name",
        &[(K::Unique, "app.person.person_name", Missing)],
    ),
    (
        "alter table app.visit drop constraint visit_room",
        &[(K::Exclusion, "app.visit.visit_room", Missing)],
    ),
    (
        "alter table app.visit drop constraint visit_pkey",
        &[(K::PrimaryKey, "app.visit.visit_pkey", Missing)],
    ),
    ("drop index app.visit_at", &[(K::Index, "app.visit_at", Missing)]),
    (
        "update pg_index set indisvalid = false where indexrelid = 'app.visit_at'::regclass",
        &[(K::Index, "app.visit_at", Different)],
    ),
    ("create index more on app.visit (room)", &[(K::Index, "app.more", Extra)]),
    ("alter index app.log_2020_text_idx rename to other", &[]),
    ("alter table app.visit alter at drop default", &[(K::Default, "app.visit.at", Missing)]),
    (
        "alter table app.visit alter at set default now()",
        &[(K::Default, "app.visit.at", Different)],
    ),
    (
        "alter table app.person alter name drop not null",
        &[(K::NotNull, "app.person.name", Missing)],
    ),
    (
        "alter table app.scratch alter b type text collate \"POSIX\"",
        &[(K::Collation, "app.scratch.b", Different)],
    ),
    (
        "alter table app.person alter id set generated always",
        &[(K::Identity, "app.person.id", Different)],
    ),
    (
        "alter table app.person drop doubled;
             alter table app.person add doubled int generated always as (age * 3) stored",
        &[
            (K::ColumnOrder, "app.person", Different),
            (K::GeneratedExpression, "app.person.doubled", Different),
        ],
    ),
    (
        "create or replace view app.visits as
               select v.id, p.name from app.visit v left join app.person p on p.id = v.person",
        &[(K::View, "app.visits", Different)],
    ),
    ("alter view app.adults reset (security_barrier)", &[(K::View, "app.adults", Different)]),
    (
        "refresh materialized view app.ages with no data",
        &[(K::MaterializedView, "app.ages", Different)],
    ),
    (
        "create or replace function app.f(a int, b text default 'q', out c int)
               language plpgsql as 'begin c := a + 1; end'",
        &[(K::Function, "app.f(integer, text)", Different)],
    ),
    ("alter function app.g(int) strict", &[(K::Function, "app.g(integer)", Different)]),
    ("drop procedure app.p", &[(K::Function, "app.p(integer)", Missing)]),
    ("drop trigger touched on app.person", &[(K::Trigger, "app.person.touched", Missing)]),
    (
        "alter table app.person disable trigger touched",
        &[(K::Trigger, "app.person.touched", Different)],
    ),
    (
        "alter table app.deep_2020_1 disable trigger deep",
        &[(K::Trigger, "app.deep_2020_1.deep", Different)],
    ),
    (
        "alter table app.log_2020 disable trigger logged",
        &[(K::Trigger, "app.log_2020.logged", Different)],
    ),
    ("drop rule kept on app.base", &[(K::Rule, "app.base.kept", Missing)]),
    (
        "alter table app.log detach partition app.log_2020; alter table app.log attach partition
               app.log_2020 for values from ('2020-01-01') to ('2022-01-01')",
        &[(K::PartitionBound, "app.log_2020", Different)],
    ),
    (
        "alter table app.derived no inherit app.base",
        &[(K::InheritanceParent, "app.derived", Missing)],
    ),
    ("alter sequence app.counter no cycle", &[(K::Sequence, "app.counter", Different)]),
    (
        "alter sequence app.person_number_seq owned by none",
        &[(K::Sequence, "app.person_number_seq", Different)],
    ),
    (
        "update pg_enum set enumsortorder = -1 where enumlabel = 'happy'",
        &[(K::EnumType, "app.mood", Different)],
    ),
    ("alter type app.mood add value 'great'", &[(K::EnumType, "app.mood", Different)]),
    ("alter domain app.code drop constraint code_form", &[(K::Domain, "app.code", Different)]),
    ("alter domain app.code drop not null", &[(K::Domain, "app.code", Different)]),
    (
        "alter type app.point rename attribute label to title",
        &[(K::CompositeType, "app.point", Different)],
    ),
    ("drop policy own on app.visit", &[(K::Policy, "app.visit.own", Missing)]),
    ("alter table app.visit disable row level security", &[(K::Policy, "app.visit", Missing)]),
    ("alter policy own on app.visit using (room > 1)", &[(K::Policy, "app.visit.own", Different)]),
    ("drop statistics app.person_stat", &[(K::Statistics, "app.person_stat", Missing)]),
    ("alter table app.base set unlogged", &[(K::Unlogged, "app.base", Extra)]),
    (
        "alter table app.visit replica identity nothing",
        &[(K::ReplicaIdentity, "app.visit", Different)],
    ),
    ("drop event trigger quiet", &[(K::EventTrigger, "quiet", Missing)]),
    (
        "alter text search configuration app.viet drop mapping for asciiword",
        &[(K::TextSearchConfiguration, "app.viet", Different)],
    ),
    (
        "alter text search dictionary app.plain (stopwords)",
        &[(K::TextSearchDictionary, "app.plain", Different)],
    ),
    ("drop foreign table app.far", &[(K::ForeignTable, "app.far", Missing)]),
    (
        "comment on column app.person.age is 'months'",
        &[(K::Comment, "table column app.person.age", Different)],
    ),
    ("insert into app.base values (1)", &[]),
];
