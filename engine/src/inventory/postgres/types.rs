//! Types that people made.

/// Enumerations: the labels in their order.
pub(super) const ENUM_TYPES: &str = concat!(
    "select format('%s.%s', n.nspname, t.typname), null::text, null::text,
       (select format('ENUM (%s)', coalesce(
                 string_agg(quote_literal(l.enumlabel), ', ' order by l.enumsortorder), ''))
          from pg_enum l where l.enumtypid = t.oid)
  from pg_type t
  join pg_namespace n on n.oid = t.typnamespace
 where t.typtype = 'e' and ",
    user_schema!(),
    " and ",
    not_of_extension!("pg_type", "t.oid")
);

/// Domains.
pub(super) const DOMAINS: &str = concat!(
    "select format('%s.%s', n.nspname, t.typname), null::text, null::text,
       format_type(t.typbasetype, t.typtypmod)
         || case when t.typcollation <> b.typcollation
            then ' COLLATE ' || t.typcollation::regcollation::text else '' end
         || coalesce(' DEFAULT ' || pg_get_expr(t.typdefaultbin, 0), '')
         || case when t.typnotnull then ' NOT NULL' else '' end
         || coalesce((select string_agg(format(' CONSTRAINT %s %s', k.conname,
                                               pg_get_constraintdef(k.oid)),
                                        '' order by k.conname)
                        from pg_constraint k where k.contypid = t.oid and k.contype = 'c'), '')
  from pg_type t
  join pg_type b on b.oid = t.typbasetype
  join pg_namespace n on n.oid = t.typnamespace
 where t.typtype = 'd' and ",
    user_schema!(),
    " and ",
    not_of_extension!("pg_type", "t.oid")
);

/// Composite types that are not the row type of a table.
pub(super) const COMPOSITE_TYPES: &str = concat!(
    "select format('%s.%s', n.nspname, t.typname), null::text, null::text,
       (select format('(%s)', coalesce(
                 string_agg(format('%s %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                                   case when a.attcollation <> b.typcollation
                                   then ' COLLATE ' || a.attcollation::regcollation::text
                                   else '' end),
                            ', ' order by a.attnum), ''))
          from pg_attribute a
          join pg_type b on b.oid = a.atttypid
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
  from pg_type t
  join pg_class c on c.oid = t.typrelid and c.relkind = 'c'
  join pg_namespace n on n.oid = t.typnamespace
 where t.typtype = 'c' and ",
    user_schema!(),
    " and ",
    not_of_extension!("pg_type", "t.oid")
);

/// Range types.
pub(super) const RANGE_TYPES: &str = concat!(
    "select format('%s.%s', n.nspname, t.typname), null::text, null::text,
       format('RANGE (SUBTYPE %s, SUBTYPE_OPCLASS %s.%s%s, CANONICAL %s, SUBTYPE_DIFF %s, '
              'MULTIRANGE_TYPE_NAME %s)',
              format_type(r.rngsubtype, null), o.nspname, p.opcname,
              case when r.rngcollation = 0 then ''
              else ', COLLATION ' || r.rngcollation::regcollation::text end,
              r.rngcanonical::oid::regprocedure, r.rngsubdiff::oid::regprocedure,
              r.rngmultitypid::regtype)
  from pg_range r
  join pg_type t on t.oid = r.rngtypid
  join pg_opclass p on p.oid = r.rngsubopc
  join pg_namespace o on o.oid = p.opcnamespace
  join pg_namespace n on n.oid = t.typnamespace
 where ",
    user_schema!(),
    " and ",
    not_of_extension!("pg_type", "t.oid")
);
