-- the market that each row was of, so that what is simulated says so; one candle for each market
ALTER TABLE features_1s
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE features_event
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE books_1s
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE trades
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE candles
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`,
    MODIFY ORDER BY (venue, symbol, interval, origin, ts_open, source);

ALTER TABLE latency
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE feed_status
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE health
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE signals
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE orders
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE fills
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE opportunities
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE account_equity
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE strategy_stats
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;

ALTER TABLE decisions
    ADD COLUMN IF NOT EXISTS `source` LowCardinality(String) CODEC(ZSTD(1)) AFTER `run`;
