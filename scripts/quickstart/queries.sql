.timer on
-- TPC-H query 1: the pricing summary.
SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price,
       sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price, avg(l_discount) AS avg_disc, count(*) AS orders
FROM lineitem
WHERE l_shipdate <= date '1998-12-01' - interval '90' day
GROUP BY l_returnflag, l_linestatus
ORDER BY l_returnflag, l_linestatus;

-- TPC-H query 3: the ten most valuable orders not shipped yet.
SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority
FROM customer, orders, lineitem
WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey
  AND o_orderdate < date '1995-03-15' AND l_shipdate > date '1995-03-15'
GROUP BY l_orderkey, o_orderdate, o_shippriority
ORDER BY revenue DESC, o_orderdate
LIMIT 10;

-- A transaction on the same tables: read, change, look, take back.
BEGIN;
UPDATE orders SET o_orderstatus = 'F' WHERE o_orderkey = 1;
SELECT o_orderkey, o_orderstatus, o_totalprice FROM orders WHERE o_orderkey = 1;
ROLLBACK;
SELECT o_orderkey, o_orderstatus, o_totalprice FROM orders WHERE o_orderkey = 1;
