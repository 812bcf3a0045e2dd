-- the first tables
CREATE TABLE IF NOT EXISTS features_1s
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `state` LowCardinality(String) CODEC(ZSTD(1)),
    `last_update_id` Int64 CODEC(Delta(8), ZSTD(1)),
    `best_bid_price` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `best_bid_size` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `best_ask_price` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `best_ask_size` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `mid` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `spread` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `spread_ticks` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `spread_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `weighted_mid` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_1` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_5` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_10` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_20` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `micro_price` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_10` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_1` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_2` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_3` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_4` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_5` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_6` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_7` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_8` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_9` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_10` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_restarts` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `last_trade_price` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `last_trade_size` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `trades` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `buy_volume` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `sell_volume` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `volume_delta` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `trade_flow_1s` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `trade_flow_10s` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `trade_flow_100` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `trade_volume_1s` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `trade_volume_10s` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `trade_window_overflows` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `vpin` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `vpin_bucket` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `effective_spread_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `realised_spread_5s_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `price_impact_5s_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `realised_spread_overflows` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `realised_volatility_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `bipower_volatility_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `jump_share` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `kyle_lambda` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `amihud` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `cancel_to_trade` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `bars_held` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `bid_depth_5bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `bid_depth_10bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `bid_depth_25bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `bid_depth_50bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `bid_depth_100bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ask_depth_5bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ask_depth_10bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ask_depth_25bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ask_depth_50bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ask_depth_100bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_5bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_10bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_25bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_50bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_100bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `bid_slope_25bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ask_slope_25bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `buy_price_small` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `buy_price_medium` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `buy_price_large` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `buy_cost_small_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `buy_cost_medium_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `buy_cost_large_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `sell_price_small` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `sell_price_medium` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `sell_price_large` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `sell_cost_small_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `sell_cost_medium_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `sell_cost_large_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts_recv)
ORDER BY (venue, symbol, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS features_event
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `ingress_seq` Int64 CODEC(Delta(8), ZSTD(1)),
    `last_update_id` Int64 CODEC(Delta(8), ZSTD(1)),
    `best_bid_price` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `best_bid_size` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `best_ask_price` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `best_ask_size` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `mid` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `spread` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `spread_ticks` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `spread_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `weighted_mid` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_1` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_5` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_10` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `imbalance_20` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `micro_price` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_10` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_1` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_2` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_3` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_4` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_5` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_6` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_7` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_8` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_9` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_level_10` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `ofi_restarts` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts_recv)
ORDER BY (venue, symbol, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS books_1s
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `state` LowCardinality(String) CODEC(ZSTD(1)),
    `verified` Bool CODEC(ZSTD(1)),
    `last_update_id` Int64 CODEC(Delta(8), ZSTD(1)),
    `price_increment` LowCardinality(String) CODEC(ZSTD(1)),
    `size_quantum` LowCardinality(String) CODEC(ZSTD(1)),
    `bid_levels` Int64 CODEC(Delta(8), ZSTD(1)),
    `ask_levels` Int64 CODEC(Delta(8), ZSTD(1)),
    `bid_ticks` Array(Int64) CODEC(Delta(8), ZSTD(1)),
    `bid_quanta` Array(Int64) CODEC(Delta(8), ZSTD(1)),
    `ask_ticks` Array(Int64) CODEC(Delta(8), ZSTD(1)),
    `ask_quanta` Array(Int64) CODEC(Delta(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts_recv)
ORDER BY (venue, symbol, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS trades
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `ingress_seq` Int64 CODEC(Delta(8), ZSTD(1)),
    `trade_id` Int64 CODEC(Delta(8), ZSTD(1)),
    `side` LowCardinality(String) CODEC(ZSTD(1)),
    `price_ticks` Int64 CODEC(Delta(8), ZSTD(1)),
    `size_quanta` Int64 CODEC(Delta(8), ZSTD(1)),
    `price_increment` LowCardinality(String) CODEC(ZSTD(1)),
    `size_quantum` LowCardinality(String) CODEC(ZSTD(1)),
    `aggregate` Bool CODEC(ZSTD(1)),
    `historical` Bool CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts_recv)
ORDER BY (venue, symbol, ts_recv, trade_id)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS candles
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `interval` LowCardinality(String) CODEC(ZSTD(1)),
    `origin` LowCardinality(String) CODEC(ZSTD(1)),
    `ts_open` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `ts_close` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `open_ticks` Int64 CODEC(Delta(8), ZSTD(1)),
    `high_ticks` Int64 CODEC(Delta(8), ZSTD(1)),
    `low_ticks` Int64 CODEC(Delta(8), ZSTD(1)),
    `close_ticks` Int64 CODEC(Delta(8), ZSTD(1)),
    `volume_quanta` Int64 CODEC(Delta(8), ZSTD(1)),
    `buy_quanta` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `trades` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `price_increment` LowCardinality(String) CODEC(ZSTD(1)),
    `size_quantum` LowCardinality(String) CODEC(ZSTD(1)),
    `closed` Bool CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(ts_recv)
PARTITION BY toYYYYMMDD(ts_open)
ORDER BY (venue, symbol, interval, origin, ts_open)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS latency
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `stage` LowCardinality(String) CODEC(ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `count` Int64 CODEC(Delta(8), ZSTD(1)),
    `p50_ns` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `p90_ns` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `p99_ns` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `p999_ns` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `max_ns` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `edges_ns` Array(Int64) CODEC(Delta(8), ZSTD(1)),
    `counts` Array(Int64) CODEC(Delta(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts_recv)
ORDER BY (stage, venue, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS feed_status
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `connection` LowCardinality(String) CODEC(ZSTD(1)),
    `condition` LowCardinality(String) CODEC(ZSTD(1)),
    `state` LowCardinality(String) CODEC(ZSTD(1)),
    `count` Int64 CODEC(Delta(8), ZSTD(1)),
    `reason` String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts_recv)
ORDER BY (venue, symbol, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS health
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `state` LowCardinality(String) CODEC(ZSTD(1)),
    `condition` LowCardinality(String) CODEC(ZSTD(1)),
    `reasons` Array(String) CODEC(ZSTD(1)),
    `rss_bytes` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `report` String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts_recv)
ORDER BY (desk, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS signals
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `ingress_seq` Int64 CODEC(Delta(8), ZSTD(1)),
    `signal` LowCardinality(String) CODEC(ZSTD(1)),
    `parameters` LowCardinality(String) CODEC(ZSTD(1)),
    `side` LowCardinality(String) CODEC(ZSTD(1)),
    `score` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `confidence` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `calibrated_direction` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `calibrated_profit` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `observations` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `horizon_ns` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `mid` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `spread_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `features` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `contributions` Array(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `reason` String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(ts_recv)
ORDER BY (signal, venue, symbol, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS orders
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `account` LowCardinality(String) CODEC(ZSTD(1)),
    `client_order_id` String CODEC(ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `side` LowCardinality(String) CODEC(ZSTD(1)),
    `kind` LowCardinality(String) CODEC(ZSTD(1)),
    `time_in_force` LowCardinality(String) CODEC(ZSTD(1)),
    `reduce_only` Bool CODEC(ZSTD(1)),
    `parent` String CODEC(ZSTD(1)),
    `origin` LowCardinality(String) CODEC(ZSTD(1)),
    `state` LowCardinality(String) CODEC(ZSTD(1)),
    `reason` String CODEC(ZSTD(1)),
    `price_ticks` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `stop_ticks` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `size_lots` Int64 CODEC(Delta(8), ZSTD(1)),
    `filled_lots` Int64 CODEC(Delta(8), ZSTD(1)),
    `price_increment` LowCardinality(String) CODEC(ZSTD(1)),
    `size_quantum` LowCardinality(String) CODEC(ZSTD(1)),
    `lot` LowCardinality(String) CODEC(ZSTD(1)),
    `fill_model` LowCardinality(String) CODEC(ZSTD(1)),
    `latency_ns` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `arrival_mid` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `arrival_micro_price` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `levels_eaten` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `queue_ahead_quanta` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `slippage_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `shortfall_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `break_even_price` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `fee_units` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `fee_unit` LowCardinality(String) CODEC(ZSTD(1)),
    `fee_currency` LowCardinality(String) CODEC(ZSTD(1)),
    `other_models` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `other_prices` Array(Float64) CODEC(Gorilla(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts_recv)
ORDER BY (account, venue, symbol, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS fills
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `account` LowCardinality(String) CODEC(ZSTD(1)),
    `client_order_id` String CODEC(ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `side` LowCardinality(String) CODEC(ZSTD(1)),
    `fill_id` Int64 CODEC(Delta(8), ZSTD(1)),
    `price_ticks` Int64 CODEC(Delta(8), ZSTD(1)),
    `size_lots` Int64 CODEC(Delta(8), ZSTD(1)),
    `price_increment` LowCardinality(String) CODEC(ZSTD(1)),
    `size_quantum` LowCardinality(String) CODEC(ZSTD(1)),
    `lot` LowCardinality(String) CODEC(ZSTD(1)),
    `is_maker` Bool CODEC(ZSTD(1)),
    `fee_units` Int64 CODEC(Delta(8), ZSTD(1)),
    `fee_unit` LowCardinality(String) CODEC(ZSTD(1)),
    `fee_currency` LowCardinality(String) CODEC(ZSTD(1)),
    `mid` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts_recv)
ORDER BY (account, venue, symbol, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS opportunities
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `opportunity` String CODEC(ZSTD(1)),
    `kind` LowCardinality(String) CODEC(ZSTD(1)),
    `stage` LowCardinality(String) CODEC(ZSTD(1)),
    `ts_born` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `ts_peak` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_died` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `leg_venues` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `leg_symbols` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `leg_sides` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `leg_ticks` Array(Int64) CODEC(Delta(8), ZSTD(1)),
    `leg_lots` Array(Int64) CODEC(Delta(8), ZSTD(1)),
    `leg_increments` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `leg_lot_sizes` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `currency` LowCardinality(String) CODEC(ZSTD(1)),
    `size_base` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `gross_bps` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `fees_bps` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `depth_bps` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `conversion_bps` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `latency_bps` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `carry_bps` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `net_bps` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `net` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `peak_net_bps` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `simple_bps` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `quote_age_ns` Int64 CODEC(Delta(8), ZSTD(1)),
    `left_on_arrival_bps` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(ts_recv)
PARTITION BY toYYYYMMDD(ts_born)
ORDER BY (desk, run, ts_born, opportunity)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS account_equity
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `account` LowCardinality(String) CODEC(ZSTD(1)),
    `currency` LowCardinality(String) CODEC(ZSTD(1)),
    `unit` LowCardinality(String) CODEC(ZSTD(1)),
    `equity_units` Int64 CODEC(Delta(8), ZSTD(1)),
    `cash_units` Int64 CODEC(Delta(8), ZSTD(1)),
    `realised_units` Int64 CODEC(Delta(8), ZSTD(1)),
    `unrealised_units` Int64 CODEC(Delta(8), ZSTD(1)),
    `fees_units` Int64 CODEC(Delta(8), ZSTD(1)),
    `exposure_units` Int64 CODEC(Delta(8), ZSTD(1)),
    `drawdown` Float64 CODEC(Gorilla(8), ZSTD(1)),
    `is_valued` Bool CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts_recv)
ORDER BY (account, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS strategy_stats
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `account` LowCardinality(String) CODEC(ZSTD(1)),
    `strategy` LowCardinality(String) CODEC(ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `period` LowCardinality(String) CODEC(ZSTD(1)),
    `horizon_ns` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `trades` Int64 CODEC(Delta(8), ZSTD(1)),
    `executions` Int64 CODEC(Delta(8), ZSTD(1)),
    `figures` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `estimates` Array(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `low` Array(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `high` Array(Float64) CODEC(Gorilla(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts_recv)
ORDER BY (strategy, account, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS decisions
(
    `desk` LowCardinality(String) CODEC(ZSTD(1)),
    `run` LowCardinality(String) CODEC(ZSTD(1)),
    `batch` Int64 CODEC(Delta(8), ZSTD(1)),
    `ts_event` Nullable(DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    `ts_recv` DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `account` LowCardinality(String) CODEC(ZSTD(1)),
    `venue` LowCardinality(String) CODEC(ZSTD(1)),
    `symbol` LowCardinality(String) CODEC(ZSTD(1)),
    `intent` String CODEC(ZSTD(1)),
    `origin` LowCardinality(String) CODEC(ZSTD(1)),
    `signal` LowCardinality(String) CODEC(ZSTD(1)),
    `confidence` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `side` LowCardinality(String) CODEC(ZSTD(1)),
    `price_ticks` Nullable(Int64) CODEC(Delta(8), ZSTD(1)),
    `size_lots` Int64 CODEC(Delta(8), ZSTD(1)),
    `price_increment` LowCardinality(String) CODEC(ZSTD(1)),
    `size_quantum` LowCardinality(String) CODEC(ZSTD(1)),
    `lot` LowCardinality(String) CODEC(ZSTD(1)),
    `outcome` LowCardinality(String) CODEC(ZSTD(1)),
    `rule` LowCardinality(String) CODEC(ZSTD(1)),
    `measured` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `allowed` Nullable(Float64) CODEC(Gorilla(8), ZSTD(1)),
    `reason` String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts_recv)
ORDER BY (account, venue, symbol, ts_recv)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
