package mysqlurl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestURLsOfEitherKindAreTaken(t *testing.T) {
	for _, c := range []struct{ url, addr, user, password, database, tls string }{
		{"jdbc:mysql://db.example.com:3307/shop?user=u&password=p%40x&useSSL=false&serverTimezone=UTC", "db.example.com:3307", "u", "p@x", "shop", ""},
		{"jdbc:mysql://localhost/shop", "localhost:3306", "user", "pass", "shop", "preferred"},
		{"jdbc:mysql:///shop", "localhost:3306", "user", "pass", "shop", "preferred"},
		{"jdbc:mysql://a:b@[::1]:3306/?sslMode=REQUIRED", "[::1]:3306", "a", "b", "", "skip-verify"},
		{"jdbc:mariadb://localhost/shop", "localhost:3306", "user", "pass", "shop", ""},
		{"mariadb://a:b@h/shop?sslMode=verify-full", "h:3306", "a", "b", "shop", "true"},
		{"a:b/c@tcp(h:1)/shop?tls=skip-verify&parseTime=true&loc=Local", "h:1", "a", "b/c", "shop", "skip-verify"},
		{"tcp(h)/shop", "h:3306", "user", "pass", "shop", ""},
	} {
		got, err := Parse(c.url, "user", "pass")
		require.NoError(t, err, c.url)
		assert.Equal(t, []string{c.addr, c.user, c.password, c.database, c.tls}, []string{got.Addr, got.User, got.Passwd, got.DBName, got.TLSConfig}, c.url)
		assert.Equal(t, "'+00:00'", got.Params["time_zone"])
		assert.False(t, got.ParseTime)
		assert.NotZero(t, got.Timeout, "a host that does not answer is not waited for without end")
	}
}

func TestURLsThatCannotBeTakenAreErrorsWithoutThePassword(t *testing.T) {
	for url, want := range map[string]string{
		"jdbc:postgresql://h/secret":                           "not one of MySQL",
		"jdbc:mysql:loadbalance://h/secret":                    "MySQL",
		"jdbc:mysql://a,b/secret":                              "several hosts",
		"jdbc:mysql://u:secret%zz@h/x":                         "cannot be read",
		"jdbc:mysql://h/x?password=secret&usessl":              "",
		"jdbc:mysql://h/x?password=secret&trustStore=x":        "parameter trustStore",
		"jdbc:mysql://h/x?password=secret&sslMode=VERIFY_CA":   "sslMode=VERIFY_CA",
		"jdbc:mysql://h/x?password=secret&connectTimeout=soon": "connectTimeout",
		"jdbc:mysql://h/?zeroDateTimeBehavior=round":           "zeroDateTimeBehavior",
		"secret":           "data source name",
		"u:secret@tcp(h/x": "data source name",
	} {
		_, err := Parse(url, "", "")
		if want == "" {
			assert.NoError(t, err, url)
			continue
		}
		require.ErrorContains(t, err, want, url)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func FuzzURL(f *testing.F) {
	f.Add("jdbc:mysql://u:p@h:3306/shop?useSSL=true&x=y")
	f.Add("u:p@tcp(h:3306)/shop?loc=UTC")
	f.Add("jdbc:mariadb://[::1]/%zz")
	f.Fuzz(func(t *testing.T, url string) {
		c, err := Parse(strings.ReplaceAll(url, "secret", ""), "user", "secret")
		if err != nil {
			require.NotContains(t, err.Error(), "secret")
			return
		}
		require.NotEmpty(t, c.User)
	})
}
