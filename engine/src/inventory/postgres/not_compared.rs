//! Objects that are not compared, to be named.

/// One line for each sort of object, with the names of all of that sort. Objects numbered below
/// 16384 were made with the database cluster.
pub(super) const OBJECTS: &str = "select i.type || ': ' || string_agg(i.identity, ', ' order by i.identity collate \"C\"),
       null::text, null::text, null::text
  from (select 'pg_am'::regclass, oid from pg_am
        union all select 'pg_cast'::regclass, oid from pg_cast
        union all select 'pg_collation'::regclass, oid from pg_collation
        union all select 'pg_conversion'::regclass, oid from pg_conversion
        union all select 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper
        union all select 'pg_foreign_server'::regclass, oid from pg_foreign_server
        union all select 'pg_language'::regclass, oid from pg_language
        union all select 'pg_opclass'::regclass, oid from pg_opclass
        union all select 'pg_operator'::regclass, oid from pg_operator
        union all select 'pg_opfamily'::regclass, oid from pg_opfamily
        union all select 'pg_publication'::regclass, oid from pg_publication
        union all select 'pg_subscription'::regclass, oid from pg_subscription
                   where subdbid = (select oid from pg_database where datname = current_database())
        union all select 'pg_transform'::regclass, oid from pg_transform
        union all select 'pg_ts_parser'::regclass, oid from pg_ts_parser
        union all select 'pg_ts_template'::regclass, oid from pg_ts_template
        union all select 'pg_type'::regclass, oid from pg_type t
                   where t.typtype = 'b'
                     and not exists (select from pg_type e where e.typarray = t.oid)) o (catalog, oid)
 cross join lateral pg_identify_object(o.catalog, o.oid, 0) i
 where o.oid >= 16384
   and not exists (select from pg_depend e where e.classid = o.catalog and e.objid = o.oid
                                             and e.deptype = 'e')
 group by i.type order by i.type collate \"C\"";
