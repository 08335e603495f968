package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/internal/testserver"
	"github.com/tailrace-io/tailrace/source/postgres"
)

// oddValues are some that the scenarios do not have.
const oddValues = `CREATE TABLE odd (id INT PRIMARY KEY, f4 REAL, f8 FLOAT8, n NUMERIC, n2 NUMERIC(30,10), i INTERVAL, ia INTERVAL[], tz TIMETZ, ts TIMESTAMPTZ, d DATE, m MONEY, ip INET, c CIDR, p PATH, b BOX[], r NUMRANGE, tr TSTZRANGE, dr DATERANGE[], bits VARBIT, q TEXT[]);
INSERT INTO odd (id, f4, f8) SELECT i, (1.2345678::float8 * 10.0::float8 ^ i)::real, 1.2345678901234567::float8 * 10.0::float8 ^ (3 * i) FROM generate_series(-30, 30) i;
INSERT INTO odd (id, n, n2) SELECT 100 + i, (7.0001 * 10.0 ^ i)::numeric, (-0.12345 * 10.0 ^ (i % 9))::numeric(30,10) FROM generate_series(-20, 20) i;
INSERT INTO odd (id, n) VALUES (200, 0), (201, 0.000), (202, 10000), (203, 100000000), (204, 0.0001), (205, -10000.00010), (206, 1e100), (207, 1e-100), (208, 'NaN');
INSERT INTO odd (id, i, ia) SELECT 300 + row_number() OVER (), v::interval, ARRAY[v::interval, NULL] FROM unnest(ARRAY['0', '1 year', '-1 year 2 mons', '1 day -00:00:01', '-1 day 00:00:01', '100:00:00.000001', '-1 year -2 mons +3 days -04:05:06.7', '1 mon -1 day', '-00:00:00.5']) v;
INSERT INTO odd (id, tz, ts, d) SELECT 400 + row_number() OVER (), t::timetz, s::timestamptz, d::date FROM unnest(ARRAY['00:00:00+00', '24:00:00-15:59', '12:34:56.789+05:30', '01:02:03.000001-00:00:07'], ARRAY['4713-01-01 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00', '1969-12-31 23:59:59.5+00', 'infinity'], ARRAY['4713-01-01 BC', '5874897-12-31', '0001-12-31 BC', '-infinity']) v(t, s, d);
INSERT INTO odd (id, m, ip, c) SELECT 500 + row_number() OVER (), m::money, ip::inet, c::cidr FROM unnest(ARRAY['0', '-0.01', '0.10', '92233720368547758.07', '-92233720368547758.08'], ARRAY['1.2.3.4/0', '::', '::1', '::1.2.3.4/128', '::ffff:1.2.3.4/96'], ARRAY['0/0', '1:0:0:2::/64', '::/0', 'fe80::/10', '10.1/16']) v(m, ip, c);
INSERT INTO odd (id, p, b) VALUES (600, '[(0,0),(1e15,-1e-5),(1e14,0.0001)]', '{(1,2),(3,4);(0,0),(-1,1)}'), (601, '((0,0),(1.5,2))', '{NULL}');
INSERT INTO odd (id, r, tr, dr) VALUES (700, '[1.5,)', '[2026-01-02 03:04:05+00,infinity]', '{empty,"[2026-01-01,2026-02-01)"}'), (701, '(,)', '(,2026-01-02 03:04:05.5+00]', '{}'), (702, 'empty', 'empty', '{"[,4713-01-02 BC)"}');
INSERT INTO odd (id, bits, q) VALUES (800, '', '{}'), (801, '101010101', '{"",NULL,"NULL","null","a b","\\","\"",",","{}","tab	"}'), (802, '1', '[0:1][3:4]={{a,b},{c,d}}')`

func TestBinaryValuesAreThoseOfTexts(t *testing.T) {
	s := testserver.Postgres(t)
	scenarios, err := filepath.Glob("testdata/parity/t[yo][pa]*s*") // types-* and toast-types*
	require.NoError(t, err)
	require.Greater(t, len(scenarios), 30)
	for _, dir := range append(scenarios, "odd values") {
		if filepath.Base(dir) == "types-postgis" {
			continue // its types stand for PostGIS's, and have no binary form that an array of them needs
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			sql := oddValues
			if dir != "odd values" {
				before, err := os.ReadFile(filepath.Join(dir, "before.sql"))
				require.NoError(t, err)
				during, err := os.ReadFile(filepath.Join(dir, "during.sql"))
				require.NoError(t, err)
				sql = strings.TrimSpace(string(before)) + "\n" + strings.TrimSpace(string(during))
			}
			database := s.Database(t)
			texts := over(s, database)
			binaries := texts
			binaries.Binary, binaries.Slot = true, texts.Slot+"_binary"
			beginOfTexts, beginOfBinaries := tip(t, texts), tip(t, binaries)
			s.Exec(t, database, strings.Split(strings.TrimSuffix(sql, ";"), ";\n")...)
			s.Exec(t, database, "CREATE TABLE zzz_fence (id INT PRIMARY KEY)", "INSERT INTO zzz_fence VALUES (1)")
			want, have := untilFence(t, texts, beginOfTexts), untilFence(t, binaries, beginOfBinaries)
			require.Equal(t, len(want), len(have))
			for i := range want {
				a, ok := tailrace.AsChange(&want[i])
				if !ok {
					continue
				}
				b, _ := tailrace.AsChange(&have[i])
				require.True(t, want[i].ValueSchema.Equal(have[i].ValueSchema))
				assert.Equal(t, a.After().String(), b.After().String(), "%s of %s", a.Op(), want[i].Topic)
				assert.True(t, a.After().Value().Equal(b.After().Value()))
				assert.True(t, a.Before().Value().Equal(b.Before().Value()))
			}
		})
	}
}

func untilFence(t *testing.T, src postgres.Source, begin []tailrace.Offset) (records []tailrace.Record) {
	r := open(t, src, begin...)
	for len(records) == 0 || !strings.HasSuffix(records[len(records)-1].Topic, "zzz_fence") {
		b, err := r.Read(soon(t))
		require.NoError(t, err)
		records = append(records, b.Records...)
	}
	require.NoError(t, r.Close())
	return records
}
