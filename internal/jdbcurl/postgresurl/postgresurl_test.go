package postgresurl

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestURLsOfEitherKindAreTaken(t *testing.T) {
	for _, c := range []struct {
		url, host      string
		port           uint16
		user, database string
		tls            bool
	}{
		{"jdbc:postgresql://db.example.com:5433/shop?user=u&password=p&ssl=true&reWriteBatchedInserts=true", "db.example.com", 5433, "u", "shop", true},
		{"jdbc:postgresql://localhost/shop?sslmode=disable&currentSchema=a,b&targetServerType=primary", "localhost", 5432, "user", "shop", false},
		{"jdbc:postgresql:shop?sslmode=disable", "localhost", 5432, "user", "shop", false},
		{"postgres://a:b@[::1]/shop?sslmode=require", "::1", 5432, "a", "shop", true},
		{"host=h port=6 user=a dbname=shop sslmode=disable", "h", 6, "a", "shop", false},
	} {
		got, err := Parse(c.url, "user", "pass")
		require.NoError(t, err, c.url)
		assert.Equal(t, []any{c.host, c.port, c.user, c.database, c.tls}, []any{got.Host, got.Port, got.User, got.Database, got.TLSConfig != nil}, c.url)
		assert.Equal(t, "UTC", got.RuntimeParams["timezone"])
		assert.NotZero(t, got.ConnectTimeout, "a host that does not answer is not waited for without end")
	}
}

func TestURLsThatCannotBeTakenAreErrorsWithoutThePassword(t *testing.T) {
	for url, want := range map[string]string{
		"jdbc:mysql://h/secret":                                          "not one of PostgreSQL",
		"mysql://u:secret@h/x":                                           "not one of PostgreSQL",
		"jdbc:postgresql://u:secret%zz@h/x":                              "cannot be read",
		"jdbc:postgresql://h/x?password=secret&color=red":                "parameter color",
		"jdbc:postgresql://h/x?password=secret&sslmode=maybe":            "cannot be read",
		"jdbc:postgresql://h/x?password=secret&targetServerType=nearest": "targetServerType",
		"host=h password=secret port=x":                                  "cannot be read",
	} {
		_, err := Parse(url, "", "")
		require.ErrorContains(t, err, want, url)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func FuzzURL(f *testing.F) {
	f.Add("jdbc:postgresql://u:p@h:5432/shop?ssl=true&x=y")
	f.Add("host=h port=1 user=u")
	f.Add("postgres://[::1]/%zz")
	f.Fuzz(func(t *testing.T, url string) {
		if c, err := Parse(url, "user", "secret"); err == nil {
			require.NotEmpty(t, c.User)
		}
	})
}
