// Package mysqlurl reads the URLs of MySQL databases, in the form of Java's drivers and
// in that of Go's, for the JDBC source and the JDBC sink.
package mysqlurl

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// patience is how long a connection may take that names no connectTimeout.
const patience = 30 * time.Second

// Parse reads jdbc:mysql://host:3306/database?…, jdbc:mariadb://…, the same
// without jdbc:, or the driver's own user:password@tcp(host:3306)/database?….
// The user and the password are those of the URL, where it has them. Connections
// are in UTC. Errors show neither the user nor the password.
func Parse(text, user, password string) (*mysql.Config, error) {
	var c *mysql.Config
	var err error
	rest, isJDBC := strings.CutPrefix(text, "jdbc:")
	if scheme, _, ok := strings.Cut(rest, "://"); ok && !strings.ContainsAny(scheme, "@/(") || isJDBC {
		if scheme != "mysql" && scheme != "mariadb" {
			return nil, fmt.Errorf("a URL of %s:// is not one of MySQL, which has the form jdbc:mysql://HOST:3306/DATABASE", scheme)
		}
		c, err = fromURL(rest)
	} else if c, err = mysql.ParseDSN(text); err != nil {
		err = errors.New("the data source name cannot be read: it has the form user:password@tcp(host:3306)/database, " +
			"and a URL the form jdbc:mysql://host:3306/database")
	}
	if err != nil {
		return nil, err
	}
	if c.User == "" {
		c.User = user
	}
	if c.Passwd == "" {
		c.Passwd = password
	}
	if c.Timeout == 0 {
		c.Timeout = patience
	}
	c.ParseTime = false
	c.InterpolateParams = true // a round trip a statement, not two
	c.Logger = &mysql.NopLogger{}
	if c.Params == nil {
		c.Params = map[string]string{}
	}
	c.Params["time_zone"] = "'+00:00'"
	return c, nil
}

// fromURL reads mysql://user:password@host:port/database?parameters.
func fromURL(text string) (*mysql.Config, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the MySQL URL cannot be read: it has the form jdbc:mysql://host:3306/database, of one host, " +
			"and what is no letter or digit in a name or password is written as %XX")
	}
	if strings.Contains(u.Host, ",") {
		return nil, errors.New("the MySQL URL names several hosts: name one")
	}
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", u.Host
	switch {
	case u.Hostname() == "":
		c.Addr = net.JoinHostPort("localhost", cmp.Or(u.Port(), "3306"))
	case u.Port() == "":
		c.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.DBName = strings.Trim(u.Path, "/")
	c.TLSConfig = "preferred"
	if u.Scheme == "mariadb" {
		c.TLSConfig = ""
	}
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("the MySQL URL has parameters that cannot be read")
	}
	if err := parameters(c, params); err != nil {
		return nil, fmt.Errorf("the MySQL URL of %s %w", c.Addr, err)
	}
	return c, nil
}

// parameters takes those of Java's drivers.
func parameters(c *mysql.Config, params url.Values) error {
	get := func(name string) (value string, ok bool) {
		for have, values := range params {
			if strings.EqualFold(have, name) {
				return values[len(values)-1], true
			}
		}
		return "", false
	}
	for name := range params {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			return fmt.Errorf("has the parameter %s, which is not known", name)
		}
	}
	if v, ok := get("user"); ok {
		c.User = v
	}
	if v, ok := get("password"); ok {
		c.Passwd = v
	}
	if v, ok := get("connectTimeout"); ok {
		ms, err := strconv.Atoi(v)
		if err != nil || ms < 0 {
			return errors.New("has a connectTimeout that is no number of milliseconds")
		}
		c.Timeout = time.Duration(ms) * time.Millisecond
	}
	if v, ok := get("zeroDateTimeBehavior"); ok && strings.EqualFold(v, "ROUND") {
		return errors.New("has zeroDateTimeBehavior=ROUND: zero dates are null where they may be")
	}
	if v, ok := get("transformedBitIsBoolean"); ok && !strings.EqualFold(v, "false") {
		return errors.New("has transformedBitIsBoolean: a BIT is INT8; a transform (Cast) can make it a boolean")
	}
	return secure(c, get)
}

// secure takes the parameters about encryption.
func secure(c *mysql.Config, get func(string) (string, bool)) error {
	yes := func(name string) bool { v, _ := get(name); return strings.EqualFold(v, "true") }
	no := func(name string) bool { v, _ := get(name); return strings.EqualFold(v, "false") }
	switch {
	case yes("verifyServerCertificate"):
		c.TLSConfig = "true"
	case yes("requireSSL"):
		c.TLSConfig = "skip-verify"
	case no("useSSL"):
		c.TLSConfig = ""
	case yes("useSSL"):
		c.TLSConfig = "preferred"
	}
	mode, ok := get("sslMode")
	if !ok {
		return nil
	}
	switch strings.ToUpper(strings.ReplaceAll(mode, "-", "_")) {
	case "DISABLED", "DISABLE":
		c.TLSConfig = ""
	case "PREFERRED":
		c.TLSConfig = "preferred"
	case "REQUIRED", "TRUST":
		c.TLSConfig = "skip-verify"
	case "VERIFY_IDENTITY", "VERIFY_FULL":
		c.TLSConfig = "true"
	default:
		return fmt.Errorf("has sslMode=%s: choose DISABLED, PREFERRED, REQUIRED or VERIFY_IDENTITY", mode)
	}
	return nil
}

// known are the parameters that are taken. Those that parameters and secure do
// not read are about how Java's drivers work, or about what is settled here:
// the zone, the character set, and statements that are prepared or not.
var known = []string{
	"user", "password", "connectTimeout", "zeroDateTimeBehavior", "transformedBitIsBoolean",
	"useSSL", "requireSSL", "verifyServerCertificate", "sslMode",
	"allowLoadLocalInfile", "allowMultiQueries", "allowPublicKeyRetrieval", "allowUrlInLocalInfile", "autoReconnect", "autoReconnectForPools",
	"cachePrepStmts", "cacheCallableStmts", "cacheResultSetMetadata", "cacheServerConfiguration", "callableStmtCacheSize", "characterEncoding", "characterSetResults",
	"connectionCollation", "connectionTimeZone", "createDatabaseIfNotExist", "defaultFetchSize", "dontTrackOpenResources", "elideSetAutoCommits", "enabledTLSProtocols",
	"failOverReadOnly", "forceConnectionTimeZoneToSession", "initialTimeout", "jdbcCompliantTruncation", "maintainTimeStats", "maxReconnects", "noDatetimeStringSync",
	"nullCatalogMeansCurrent", "nullDatabaseMeansCurrent", "nullNamePatternMatchesAll", "preserveInstants", "prepStmtCacheSize", "prepStmtCacheSqlLimit",
	"profileSQL", "rewriteBatchedStatements", "serverTimezone", "sessionVariables", "socketTimeout", "tcpKeepAlive", "tcpNoDelay", "timezone", "tinyInt1isBit",
	"treatUtilDateAsTimestamp", "useAffectedRows", "useBulkStmts", "useCompression", "useConfigs", "useCursorFetch", "useInformationSchema", "useJDBCCompliantTimezoneShift",
	"useLegacyDatetimeCode", "useLocalSessionState", "useLocalTransactionState", "useOldAliasMetadataBehavior", "useServerPrepStmts", "useTimezone", "useUnicode",
	"yearIsDateType", "zeroDateTimeBehaviour", "permitMysqlScheme", "useMysqlMetadata", "applicationName",
}
