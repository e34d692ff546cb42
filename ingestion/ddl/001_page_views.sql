-- Page views by identity: one row an event id stays, that of the copy which the broker accepted first.
--
-- No partition key: it would keep copies of an id apart for ever. `version` grows towards the first copy and
-- depends on nothing but where the broker put it, so a row that is inserted again, by whomever, changes nothing.
-- The writer sends the broker's milliseconds as a whole number (`accepted_ms`, not kept): how a number is read
-- into a time differs among versions of the server. `body_hash` tells another body under the same id.
-- The bounds of `occurred_at` are those within which every version of the server keeps a time as it is.
CREATE TABLE IF NOT EXISTS page_views
(
    event_id String,
    content_id String,
    user_id String,
    event_type LowCardinality(String),
    occurred_at DateTime64(3, 'UTC'),
    dwell_ms Nullable(UInt32),
    props String,
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    accepted_ms Int64 EPHEMERAL,
    accepted_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(accepted_ms, 'UTC'),
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
    body_hash UInt64 DEFAULT sipHash64(
        content_id, user_id, event_type, occurred_at, isNull(dwell_ms), ifNull(dwell_ms, 0), props),
    version UInt128 DEFAULT bitNot(bitOr(
        bitOr(bitShiftLeft(toUInt128(accepted_ms), 80), bitShiftLeft(toUInt128(partition), 64)),
        toUInt128(offset))),
    CONSTRAINT occurred_at_is_storable CHECK
        occurred_at >= toDateTime64('1900-01-01 00:00:00', 3, 'UTC')
        AND occurred_at < toDateTime64('2300-01-01 00:00:00', 3, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY event_id
SETTINGS non_replicated_deduplication_window = 1000;

-- back
DROP TABLE IF EXISTS page_views;
