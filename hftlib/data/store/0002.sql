-- codecs that came out smaller on books and features
ALTER TABLE features_1s
    MODIFY COLUMN `best_bid_price` CODEC(ZSTD(1)),
    MODIFY COLUMN `best_bid_size` CODEC(ZSTD(1)),
    MODIFY COLUMN `best_ask_price` CODEC(ZSTD(1)),
    MODIFY COLUMN `best_ask_size` CODEC(ZSTD(1)),
    MODIFY COLUMN `mid` CODEC(ZSTD(1)),
    MODIFY COLUMN `spread` CODEC(ZSTD(1)),
    MODIFY COLUMN `spread_ticks` CODEC(ZSTD(1)),
    MODIFY COLUMN `spread_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `weighted_mid` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_1` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_5` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_10` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_20` CODEC(ZSTD(1)),
    MODIFY COLUMN `micro_price` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_10` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_1` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_2` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_3` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_4` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_5` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_6` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_7` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_8` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_9` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_10` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_restarts` CODEC(ZSTD(1)),
    MODIFY COLUMN `last_trade_price` CODEC(ZSTD(1)),
    MODIFY COLUMN `last_trade_size` CODEC(ZSTD(1)),
    MODIFY COLUMN `trades` CODEC(ZSTD(1)),
    MODIFY COLUMN `buy_volume` CODEC(ZSTD(1)),
    MODIFY COLUMN `sell_volume` CODEC(ZSTD(1)),
    MODIFY COLUMN `volume_delta` CODEC(ZSTD(1)),
    MODIFY COLUMN `trade_flow_1s` CODEC(ZSTD(1)),
    MODIFY COLUMN `trade_flow_10s` CODEC(ZSTD(1)),
    MODIFY COLUMN `trade_flow_100` CODEC(ZSTD(1)),
    MODIFY COLUMN `trade_volume_1s` CODEC(ZSTD(1)),
    MODIFY COLUMN `trade_volume_10s` CODEC(ZSTD(1)),
    MODIFY COLUMN `trade_window_overflows` CODEC(ZSTD(1)),
    MODIFY COLUMN `vpin` CODEC(ZSTD(1)),
    MODIFY COLUMN `vpin_bucket` CODEC(ZSTD(1)),
    MODIFY COLUMN `effective_spread_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `realised_spread_5s_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `price_impact_5s_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `realised_spread_overflows` CODEC(ZSTD(1)),
    MODIFY COLUMN `realised_volatility_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `bipower_volatility_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `jump_share` CODEC(ZSTD(1)),
    MODIFY COLUMN `kyle_lambda` CODEC(ZSTD(1)),
    MODIFY COLUMN `amihud` CODEC(ZSTD(1)),
    MODIFY COLUMN `cancel_to_trade` CODEC(ZSTD(1)),
    MODIFY COLUMN `bars_held` CODEC(ZSTD(1)),
    MODIFY COLUMN `bid_depth_5bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `bid_depth_10bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `bid_depth_25bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `bid_depth_50bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `bid_depth_100bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `ask_depth_5bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `ask_depth_10bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `ask_depth_25bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `ask_depth_50bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `ask_depth_100bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_5bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_10bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_25bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_50bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_100bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `bid_slope_25bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `ask_slope_25bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `buy_price_small` CODEC(ZSTD(1)),
    MODIFY COLUMN `buy_price_medium` CODEC(ZSTD(1)),
    MODIFY COLUMN `buy_price_large` CODEC(ZSTD(1)),
    MODIFY COLUMN `buy_cost_small_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `buy_cost_medium_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `buy_cost_large_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `sell_price_small` CODEC(ZSTD(1)),
    MODIFY COLUMN `sell_price_medium` CODEC(ZSTD(1)),
    MODIFY COLUMN `sell_price_large` CODEC(ZSTD(1)),
    MODIFY COLUMN `sell_cost_small_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `sell_cost_medium_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `sell_cost_large_bps` CODEC(ZSTD(1));

ALTER TABLE features_event
    MODIFY COLUMN `best_bid_price` CODEC(ZSTD(1)),
    MODIFY COLUMN `best_bid_size` CODEC(ZSTD(1)),
    MODIFY COLUMN `best_ask_price` CODEC(ZSTD(1)),
    MODIFY COLUMN `best_ask_size` CODEC(ZSTD(1)),
    MODIFY COLUMN `mid` CODEC(ZSTD(1)),
    MODIFY COLUMN `spread` CODEC(ZSTD(1)),
    MODIFY COLUMN `spread_ticks` CODEC(ZSTD(1)),
    MODIFY COLUMN `spread_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `weighted_mid` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_1` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_5` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_10` CODEC(ZSTD(1)),
    MODIFY COLUMN `imbalance_20` CODEC(ZSTD(1)),
    MODIFY COLUMN `micro_price` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_10` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_1` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_2` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_3` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_4` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_5` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_6` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_7` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_8` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_9` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_level_10` CODEC(ZSTD(1)),
    MODIFY COLUMN `ofi_restarts` CODEC(ZSTD(1));

ALTER TABLE books_1s
    MODIFY COLUMN `bid_ticks` CODEC(DoubleDelta(8), ZSTD(1)),
    MODIFY COLUMN `bid_quanta` CODEC(ZSTD(1)),
    MODIFY COLUMN `ask_ticks` CODEC(DoubleDelta(8), ZSTD(1)),
    MODIFY COLUMN `ask_quanta` CODEC(ZSTD(1));

ALTER TABLE latency
    MODIFY COLUMN `edges_ns` CODEC(DoubleDelta(8), ZSTD(1)),
    MODIFY COLUMN `counts` CODEC(ZSTD(1));

ALTER TABLE signals
    MODIFY COLUMN `score` CODEC(ZSTD(1)),
    MODIFY COLUMN `confidence` CODEC(ZSTD(1)),
    MODIFY COLUMN `calibrated_direction` CODEC(ZSTD(1)),
    MODIFY COLUMN `calibrated_profit` CODEC(ZSTD(1)),
    MODIFY COLUMN `mid` CODEC(ZSTD(1)),
    MODIFY COLUMN `spread_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `contributions` CODEC(ZSTD(1));

ALTER TABLE orders
    MODIFY COLUMN `arrival_mid` CODEC(ZSTD(1)),
    MODIFY COLUMN `arrival_micro_price` CODEC(ZSTD(1)),
    MODIFY COLUMN `slippage_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `shortfall_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `break_even_price` CODEC(ZSTD(1)),
    MODIFY COLUMN `other_prices` CODEC(ZSTD(1));

ALTER TABLE fills
    MODIFY COLUMN `mid` CODEC(ZSTD(1));

ALTER TABLE opportunities
    MODIFY COLUMN `leg_ticks` CODEC(ZSTD(1)),
    MODIFY COLUMN `leg_lots` CODEC(ZSTD(1)),
    MODIFY COLUMN `size_base` CODEC(ZSTD(1)),
    MODIFY COLUMN `gross_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `fees_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `depth_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `conversion_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `latency_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `carry_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `net_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `net` CODEC(ZSTD(1)),
    MODIFY COLUMN `peak_net_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `simple_bps` CODEC(ZSTD(1)),
    MODIFY COLUMN `left_on_arrival_bps` CODEC(ZSTD(1));

ALTER TABLE account_equity
    MODIFY COLUMN `drawdown` CODEC(ZSTD(1));

ALTER TABLE strategy_stats
    MODIFY COLUMN `estimates` CODEC(ZSTD(1)),
    MODIFY COLUMN `low` CODEC(ZSTD(1)),
    MODIFY COLUMN `high` CODEC(ZSTD(1));

ALTER TABLE decisions
    MODIFY COLUMN `confidence` CODEC(ZSTD(1)),
    MODIFY COLUMN `measured` CODEC(ZSTD(1)),
    MODIFY COLUMN `allowed` CODEC(ZSTD(1));
