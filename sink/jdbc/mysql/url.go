package mysql

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
)

var errURL = errors.New("the MySQL URL cannot be read: it has the form jdbc:mysql://host:3306/database?user=shop, or that of Go's driver, user:password@tcp(host:3306)/database")

// configOf reads a URL of Java's drivers or a data source name of Go's.
func configOf(text string) (*mysql.Config, error) {
	rest, isJDBC := strings.CutPrefix(text, "jdbc:")
	kind, rest, _ := strings.Cut(rest, ":")
	if !isJDBC {
		if strings.Contains(text, "://") && (kind == "mysql" || kind == "mariadb") {
			return fromURL("//"+strings.TrimPrefix(rest, "//"), nil)
		}
		config, err := mysql.ParseDSN(text)
		if err != nil {
			return nil, errURL
		}
		return config, nil
	}
	if kind != "mysql" && kind != "mariadb" {
		return nil, fmt.Errorf("a URL of jdbc:%s: is not one of MySQL, which has the form jdbc:mysql://host:3306/database", kind)
	}
	return fromURL(rest, javaParameter)
}

func fromURL(rest string, parameter func(c *mysql.Config, name, value string) error) (*mysql.Config, error) {
	u, err := url.Parse(rest)
	if err != nil || u.Host == "" || strings.Contains(u.Host, ",") {
		return nil, errURL
	}
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", u.Host
	if u.Port() == "" {
		config.Addr = u.Host + ":3306"
	}
	config.DBName = strings.TrimPrefix(u.Path, "/")
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	if parameter == nil && u.RawQuery != "" {
		return nil, errURL
	}
	for name, values := range u.Query() {
		if err := parameter(config, name, values[len(values)-1]); err != nil {
			return nil, err
		}
	}
	return config, nil
}

// javaParameter reads a parameter of Java's drivers.
func javaParameter(c *mysql.Config, name, value string) error {
	switch name {
	case "user":
		c.User = value
	case "password":
		c.Passwd = value
	case "useSSL":
		if value == "true" && c.TLSConfig == "" {
			c.TLSConfig = "preferred"
		}
	case "requireSSL":
		if value == "true" {
			c.TLSConfig = "skip-verify"
		}
	case "sslMode":
		modes := map[string]string{"DISABLED": "false", "PREFERRED": "preferred", "REQUIRED": "skip-verify", "VERIFY_CA": "true", "VERIFY_IDENTITY": "true",
			"DISABLE": "false", "TRUST": "skip-verify", "VERIFY-CA": "true", "VERIFY-FULL": "true"}
		mode, ok := modes[strings.ToUpper(value)]
		if !ok {
			return fmt.Errorf("the MySQL URL has sslMode=%s, which is not known", value)
		}
		c.TLSConfig = mode
	case "rewriteBatchedStatements", "serverTimezone", "connectionTimeZone", "useUnicode", "characterEncoding", "allowPublicKeyRetrieval", "autoReconnect",
		"useServerPrepStmts", "cachePrepStmts", "prepStmtCacheSize", "prepStmtCacheSqlLimit", "zeroDateTimeBehavior", "useLegacyDatetimeCode", "useBulkStmts",
		"nullCatalogMeansCurrent", "tinyInt1isBit", "sessionVariables", "tcpKeepAlive", "socketTimeout", "connectTimeout", "permitMysqlScheme", "useCursorFetch":
		// How that driver sends what it sends; timestamps are in UTC here.
	default:
		return fmt.Errorf("the MySQL URL has the parameter %s, which is not known", name)
	}
	return nil
}
