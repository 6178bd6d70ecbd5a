-- The shop's rows.
--
-- All generated values come from md5 of a row's own number, so that every run gives the same shop; only its dates move,
-- so that the newest order is always from this moment.
--
-- Statistics are not copied by `create database … template …`: in a cloned database call
-- `select shop.exercise_indexes()` before looking for unused indexes.

-- Returns a number from 0 to p_count - 1 that depends on the seed text alone.
create function pg_temp.pick(p_seed text, p_count integer) returns integer
language sql immutable as $$
  select ('x' || substr(md5(p_seed), 1, 7))::bit(28)::integer % p_count
$$;

insert into shop.staff (user_id, title) values
  ('00000000-0000-4000-8000-000000000001', 'Owner'),
  ('00000000-0000-4000-8000-000000000002', 'Shop manager');

-- Two new customers a day for four hundred days; number 800 is the newest.
insert into shop.customers (id, email, full_name, city, country, created_at)
select
  n,
  lower(first_name || '.' || last_name) || n || '@example.com',
  first_name || ' ' || last_name,
  (array['Lisbon', 'Porto', 'Madrid', 'Lyon', 'Paris', 'Ghent', 'Utrecht', 'Hamburg', 'Leipzig', 'Vienna'])[place],
  (array['PT', 'PT', 'ES', 'FR', 'FR', 'BE', 'NL', 'DE', 'DE', 'AT'])[place],
  now() - make_interval(hours => (800 - n) * 12 + pg_temp.pick('joined' || n, 11))
from (
  select
    n,
    (array['Ana', 'Bruno', 'Chloe', 'David', 'Elena', 'Felix', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Klara', 'Luis',
           'Marta', 'Noah', 'Olga', 'Paul', 'Rosa', 'Simon', 'Tessa', 'Victor'])[1 + pg_temp.pick('first' || n, 20)]
      as first_name,
    (array['Almeida', 'Bakker', 'Costa', 'Dubois', 'Engel', 'Ferrari', 'Gruber', 'Hansen', 'Iglesias', 'Jansen',
           'Keller', 'Lambert', 'Moreau', 'Novak', 'Oliveira', 'Peeters', 'Richter', 'Silva', 'Torres', 'Weber'])
      [1 + pg_temp.pick('last' || n, 20)] as last_name,
    1 + pg_temp.pick('place' || n, 10) as place
  from generate_series(1, 800) as n
) as people;

insert into shop.categories (id, name)
select n, (array['Coffee', 'Tea', 'Kitchen', 'Stationery', 'Lighting', 'Textiles', 'Garden', 'Toys'])[n]
from generate_series(1, 8) as n;

-- Eight categories of five things in three makes each.
insert into shop.products (id, category_id, sku, name, price_cents)
select
  n,
  1 + (n - 1) % 8,
  'GP-' || lpad(n::text, 4, '0'),
  (array['Classic', 'Studio', 'Grand'])[1 + (n - 1) / 8 % 3] || ' ' || things[1 + (n - 1) % 8][1 + (n - 1) / 24],
  (490 + 250 * ((n - 1) / 8 % 3) + 100 * pg_temp.pick('price' || n, 60)) / 10 * 10
from generate_series(1, 120) as n
cross join (select array[
  array['espresso beans', 'filter beans', 'hand grinder', 'pour-over set', 'milk jug'],
  array['green tea', 'black tea', 'teapot', 'tea strainer', 'tea caddy'],
  array['chopping board', 'saucepan', 'paring knife', 'mixing bowl', 'apron'],
  array['notebook', 'fountain pen', 'desk pad', 'pencil set', 'letter tray'],
  array['table lamp', 'reading lamp', 'candle holder', 'lantern', 'night light'],
  array['wool blanket', 'linen towel', 'cushion', 'bath mat', 'table runner'],
  array['watering can', 'herb planter', 'pruning shears', 'bird feeder', 'garden gloves'],
  array['wooden train', 'stacking rings', 'marble run', 'hand puppet', 'kite']
] as things) as catalogue;

-- Every thirteenth product is at or below the level at which it should be ordered again.
insert into shop.stock (product_id, on_hand, reorder_level, updated_at)
select
  n,
  case when n % 13 = 4 then pg_temp.pick('scarce' || n, 7) else 25 + pg_temp.pick('stock' || n, 160) end,
  8 + pg_temp.pick('level' || n, 12),
  now() - make_interval(hours => pg_temp.pick('counted' || n, 48))
from generate_series(1, 120) as n;

-- A hundred and eighty days, growing slowly, about 27 orders each. Day 0 is the last 24 hours, and its first order
-- was placed this moment. People order only after they have become customers; a few order often.
create temporary table drafted_orders as
select
  row_number() over (order by days_ago desc, number_of_day desc) as id,
  days_ago,
  now() - make_interval(days => days_ago, mins => number_of_day * 1439 / orders_of_day) as placed_at,
  case
    when pg_temp.pick('regular' || days_ago || '/' || number_of_day, 4) = 0
      then 1 + pg_temp.pick('who' || days_ago || '/' || number_of_day, 60)
    else 1 + pg_temp.pick('who' || days_ago || '/' || number_of_day, 796 - 2 * days_ago)
  end as customer_id
from (
  select days_ago, 18 + (179 - days_ago) / 18 + pg_temp.pick('day' || days_ago, 9) as orders_of_day
  from generate_series(0, 179) as days_ago
) as days
cross join lateral generate_series(0, orders_of_day - 1) as number_of_day;

create temporary table drafted_items as
select
  drafted.id as order_id,
  line_no,
  products.id as product_id,
  1 + pg_temp.pick('many' || drafted.id || '/' || line_no, 10) / 7 as quantity,
  products.price_cents as unit_price_cents
from drafted_orders as drafted
cross join lateral generate_series(1, 1 + pg_temp.pick('lines' || drafted.id, 4)) as line_no
join shop.products on products.id = 1 + least(
  pg_temp.pick('product' || drafted.id || '/' || line_no, 120),
  pg_temp.pick('or' || drafted.id || '/' || line_no, 120));

insert into shop.orders (id, customer_id, status, placed_at, total_cents)
select
  drafted.id,
  drafted.customer_id,
  case
    when pg_temp.pick('fate' || drafted.id, 25) = 0 then 'cancelled'
    when drafted.days_ago = 0 then 'paid'
    when drafted.days_ago < 4 then 'shipped'
    else 'delivered'
  end,
  drafted.placed_at,
  (select sum(items.quantity * items.unit_price_cents) from drafted_items as items where items.order_id = drafted.id)
from drafted_orders as drafted;

insert into shop.order_items (order_id, line_no, product_id, quantity, unit_price_cents)
select order_id, line_no, product_id, quantity, unit_price_cents from drafted_items;

insert into shop.payments (order_id, method, state, amount_cents, paid_at)
select
  id,
  (array['card', 'card', 'transfer', 'wallet'])[1 + pg_temp.pick('method' || id, 4)],
  case when status = 'cancelled' then 'voided' else 'captured' end,
  total_cents,
  placed_at
from shop.orders
order by id;

insert into shop.shipments (order_id, carrier, tracking_code, shipped_at)
select
  id,
  (array['Northpost', 'Swift Parcel', 'Harbour Freight'])[1 + pg_temp.pick('carrier' || id, 3)],
  upper(substr(md5('tracking' || id), 1, 12)),
  placed_at + interval '20 hours'
from shop.orders
where status in ('shipped', 'delivered')
order by id;

-- One line in twenty-five of what was delivered comes back, three to eight days later.
insert into shop.refunds (order_id, line_no, reason, amount_cents, refunded_at)
select
  items.order_id,
  items.line_no,
  (array['damaged', 'not as described', 'changed mind', 'late'])[1 + pg_temp.pick('why' || items.order_id, 4)],
  items.quantity * items.unit_price_cents,
  orders.placed_at + make_interval(days => 3 + pg_temp.pick('when' || items.order_id, 6))
from shop.order_items as items
join shop.orders on orders.id = items.order_id
where orders.status = 'delivered'
  and pg_temp.pick('back' || items.order_id || '/' || items.line_no, 25) = 0
  and orders.placed_at + make_interval(days => 3 + pg_temp.pick('when' || items.order_id, 6)) <= now()
order by items.order_id, items.line_no;

insert into shop.stock_movements (product_id, change, reason, moved_at)
select
  1 + pg_temp.pick('moved' || n, 120),
  10 + pg_temp.pick('change' || n, 40),
  (array['delivery', 'delivery', 'stocktaking'])[1 + pg_temp.pick('cause' || n, 3)],
  now() - make_interval(hours => n * 7)
from generate_series(1, 600) as n;

insert into shop.product_reviews (product_id, stars, body, written_at)
select
  1 + pg_temp.pick('reviewed' || n, 120),
  5 - pg_temp.pick('stars' || n, 10) / 4,
  (array['Exactly what I hoped for.', 'Good, but the box was dented.', 'I ordered a second one.',
         'Smaller than it looks.', 'Well made.'])[1 + pg_temp.pick('review' || n, 5)],
  now() - make_interval(hours => n * 9)
from generate_series(1, 400) as n;

insert into shop.newsletter_signups (email, signed_up_at)
select email, created_at + interval '1 hour' from shop.customers where id % 5 = 0;

insert into shop.supplier_prices (product_id, supplier, price_cents)
select
  id,
  (array['Alba Trading', 'Norden Wholesale', 'Casa Verde'])[1 + pg_temp.pick('supplier' || id, 3)],
  price_cents * (45 + pg_temp.pick('margin' || id, 20)) / 100
from shop.products;

insert into shop.gift_cards (code, balance_cents)
select upper(substr(md5('gift' || n), 1, 10)), 500 * (1 + pg_temp.pick('gift' || n, 20))
from generate_series(1, 60) as n;

-- Rows were inserted with their own numbers: the sequences continue from there.
select setval(pg_get_serial_sequence('shop.customers', 'id'), (select max(id) from shop.customers));
select setval(pg_get_serial_sequence('shop.categories', 'id'), (select max(id) from shop.categories));
select setval(pg_get_serial_sequence('shop.products', 'id'), (select max(id) from shop.products));
select setval(pg_get_serial_sequence('shop.orders', 'id'), (select max(id) from shop.orders));

drop table drafted_items;
drop table drafted_orders;
drop function pg_temp.pick(text, integer);

analyze shop.customers, shop.categories, shop.products, shop.stock, shop.orders, shop.order_items, shop.payments,
  shop.refunds, shop.shipments, shop.stock_movements, shop.product_reviews, shop.newsletter_signups,
  shop.supplier_prices, shop.gift_cards, shop.staff;

select shop.exercise_indexes();
