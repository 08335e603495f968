// Package crash kills engines that stream a real database, at random moments,
// and looks at what arrived: see its test.
package crash
