//! Sequences: what they were told, and where they have got to.

/// Parameters, and the column a sequence belongs to.
pub(super) const SEQUENCES: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), o.nspname::text, o.relname::text,
       format('AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %s %s',
              format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
              s.seqcache, case when s.seqcycle then 'CYCLE' else 'NO CYCLE' end,
              coalesce(o.owner, 'OWNED BY NONE'))
  from pg_sequence s
  join pg_class c on c.oid = s.seqrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join lateral (
       select tn.nspname, t.relname,
              format('%s %s.%s.%s', case d.deptype when 'i' then 'IDENTITY OF' else 'OWNED BY' end,
                     tn.nspname, t.relname, a.attname) as owner
         from pg_depend d
         join pg_class t on t.oid = d.refobjid
         join pg_namespace tn on tn.oid = t.relnamespace
         join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
          and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
        limit 1) o on true
 where ",
    user_relation!()
);

/// For each sequence, in place of a definition, the query that reads where it has got to. The
/// sequence itself has to be asked: `pg_sequences` does not tell what was set by
/// `setval(…, false)`, and shows NULL both for a sequence never used and for one that may not be
/// read. Without the right to read the sequence, what `pg_sequences` shows is taken; if that is NULL
/// the value is unreadable.
pub(super) const SEQUENCE_VALUE_QUERIES: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), t.nspname::text, t.relname::text,
       case when c.relpersistence = 'u' and pg_is_in_recovery() then null
            when has_schema_privilege(n.oid, 'USAGE') and has_sequence_privilege(c.oid, 'SELECT')
            then format('select %L, %L, %L, '
                        'format(''last_value %%s, is_called %%s'', last_value, is_called::text) '
                        'from %I.%I',
                        format('%s.%s', n.nspname, c.relname), t.nspname, t.relname,
                        n.nspname, c.relname)
            else (select format('select %L, %L, %L, ''last_value %s, is_called true''',
                                format('%s.%s', n.nspname, c.relname), t.nspname, t.relname,
                                p.last_value)
                    from pg_sequences p
                   where p.schemaname = n.nspname and p.sequencename = c.relname
                     and p.last_value is not null) end
  from pg_sequence s
  join pg_class c on c.oid = s.seqrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join lateral (
       select tn.nspname, r.relname
         from pg_depend d
         join pg_class r on r.oid = d.refobjid
         join pg_namespace tn on tn.oid = r.relnamespace
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
          and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
        limit 1) t on true
 where ",
    user_relation!()
);
