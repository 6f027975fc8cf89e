//! Constraints, indexes, partitions, inheritance and statistics of tables.

/// Constraints of one kind. Beyond the definition it says what `pg_get_constraintdef` leaves out:
/// an index that is not valid, and triggers that were switched off, as loaders do with
/// `DISABLE TRIGGER ALL`, so that nothing enforces the constraint.
///
/// The key of a partition that belongs to its parent's key is named after that key; its own name
/// was made up by the server. Foreign keys that a partition has from its parent are that parent's,
/// triggers switched off on the partition alone included.
macro_rules! constraints {
    ($contype:literal) => {
        concat!(
            "select format('%s.%s.%s', n.nspname, c.relname, coalesce(root.relname, k.conname)),
       n.nspname::text, c.relname::text,
       pg_get_constraintdef(k.oid)
         || case when k.contype <> 'f' and exists (
              select from pg_index i where i.indexrelid = k.conindid and not i.indisvalid)
            then ' INVALID' else '' end
         || case when exists (
              with recursive part (oid) as (
                select k.oid union all
                select child.oid from pg_constraint child join part on child.conparentid = part.oid)
              select from pg_trigger g join part on g.tgconstraint = part.oid
               where g.tgenabled in ('D', 'R'))
            then ' TRIGGERS DISABLED' else '' end
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_class root
    on k.contype in ('p', 'u', 'x') and root.oid = pg_partition_root(k.conindid)
 where k.contype = '",
            $contype,
            "' and (k.contype <> 'f' or k.conparentid = 0) and ",
            user_relation!()
        )
    };
}

/// `CHECK` constraints.
pub(super) const CHECKS: &str = constraints!("c");
/// Primary keys.
pub(super) const PRIMARY_KEYS: &str = constraints!("p");
/// `UNIQUE` constraints.
pub(super) const UNIQUES: &str = constraints!("u");
/// Foreign keys.
pub(super) const FOREIGN_KEYS: &str = constraints!("f");
/// Exclusion constraints.
pub(super) const EXCLUSIONS: &str = constraints!("x");

/// Indexes that no constraint stands for, whole or not: `INVALID` is one that was not built to its
/// end, `ONLY` one that not every partition has. An index of a partition that is part of the
/// partitioned table's index is named after that one, and its own name is left out.
pub(super) const INDEXES: &str = concat!(
    "select case when root.oid is null or root.oid = i.indexrelid
            then format('%s.%s', n.nspname, x.relname)
            else format('%s.%s of %s', n.nspname, c.relname, root.relname) end,
       n.nspname::text, c.relname::text,
       case when root.oid is null or root.oid = i.indexrelid
            then pg_get_indexdef(i.indexrelid)
            else case when i.indisunique then 'UNIQUE' else '' end
              || substring(pg_get_indexdef(i.indexrelid) from ' USING .*$') end
         || case when i.indisvalid then '' when x.relkind = 'I' then ' ONLY' else ' INVALID' end
  from pg_index i
  join pg_class x on x.oid = i.indexrelid
  join pg_class c on c.oid = i.indrelid
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_class root on root.oid = pg_partition_root(i.indexrelid)
 where not exists (select from pg_constraint k
                    where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')) and ",
    user_relation!()
);

/// Bounds of partitions.
pub(super) const PARTITION_BOUNDS: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), n.nspname::text, c.relname::text,
       format('PARTITION OF %s %s', h.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid))
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_inherits h on h.inhrelid = c.oid
 where c.relispartition and c.relkind in ('r', 'p', 'f') and ",
    user_relation!()
);

/// Keys of partitioned tables.
pub(super) const PARTITION_KEYS: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), n.nspname::text, c.relname::text,
       pg_get_partkeydef(c.oid)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'p' and ",
    user_relation!()
);

/// Parents of tables that are not partitions.
pub(super) const INHERITANCE_PARENTS: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), n.nspname::text, c.relname::text,
       (select format('INHERITS (%s)',
                      string_agg(h.inhparent::regclass::text, ', ' order by h.inhseqno))
          from pg_inherits h where h.inhrelid = c.oid)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'f') and not c.relispartition
   and exists (select from pg_inherits h where h.inhrelid = c.oid) and ",
    user_relation!()
);

/// Extended statistics.
pub(super) const STATISTICS: &str = concat!(
    "select format('%s.%s', m.nspname, s.stxname), n.nspname::text, c.relname::text,
       pg_get_statisticsobjdef(s.oid)
  from pg_statistic_ext s
  join pg_namespace m on m.oid = s.stxnamespace
  join pg_class c on c.oid = s.stxrelid
  join pg_namespace n on n.oid = c.relnamespace
 where ",
    user_relation!()
);

/// Tables that are emptied after a crash.
pub(super) const UNLOGGED_TABLES: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), n.nspname::text, c.relname::text,
       'UNLOGGED'::text
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'm') and c.relpersistence = 'u' and ",
    user_relation!()
);

/// What tells a row of a table from the others, where a publication sends changes.
pub(super) const REPLICA_IDENTITIES: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), n.nspname::text, c.relname::text,
       'REPLICA IDENTITY ' || case c.relreplident when 'f' then 'FULL' when 'n' then 'NOTHING'
         else (select 'USING INDEX ' || coalesce(string_agg(quote_ident(x.relname), ''), 'none')
                 from pg_index i join pg_class x on x.oid = i.indexrelid
                where i.indrelid = c.oid and i.indisreplident) end
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'm') and c.relreplident in ('f', 'n', 'i') and ",
    user_relation!()
);

/// Foreign tables: columns and server. Of options, which may hold what nobody should read, the
/// values are told by their SHA-256.
pub(super) const FOREIGN_TABLES: &str = concat!(
    "select format('%s.%s', n.nspname, c.relname), n.nspname::text, c.relname::text,
       format('(%s) SERVER %s%s',
              (select string_agg(format('%I %s%s', a.attname,
                                        format_type(a.atttypid, a.atttypmod),
                                        case when a.attfdwoptions is null then ''
                                        else ' OPTIONS SHA-256 '
                                          || encode(sha256(convert_to(a.attfdwoptions::text, 'UTF8')), 'hex')
                                        end), ', ' order by a.attnum)
                 from pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
              quote_ident(s.srvname),
              case when f.ftoptions is null then ''
              else ' OPTIONS SHA-256 ' || encode(sha256(convert_to(f.ftoptions::text, 'UTF8')), 'hex')
              end)
  from pg_foreign_table f
  join pg_foreign_server s on s.oid = f.ftserver
  join pg_class c on c.oid = f.ftrelid
  join pg_namespace n on n.oid = c.relnamespace
 where ",
    user_relation!()
);
